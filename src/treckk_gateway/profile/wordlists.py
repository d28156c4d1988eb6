"""The word lists a profile must have, and what each is for. Lists may be empty; other names are refused."""

from __future__ import annotations

from collections.abc import Mapping

LISTS: Mapping[str, str] = {
    # Words that carry nothing by themselves
    "greeting": "how people say hello",
    "filler": "forms of address, politeness, particles: nothing is meant by them",
    "negation": "not, don't, never: turns what follows",
    # Feedback
    "thanks": "thank you",
    "praise": "good, quick, friendly",
    "praise_about": "what is praised, and words that only strengthen: service, work, very",
    "agree": "ok, fine, understood",
    "settled": "keyword: the matter is settled",
    "not_settled": "keyword: the matter is not settled",
    "objection": "phrases that say it still goes on after we called it handled",
    "weak_objection": "phrases that say so only where a case was handled",
    "claimed": "you said it was settled: an objection beside one of the two lists above",
    "withdraw": "take back, cancel: a report, where one is named",
    "withdrawal": "phrases that take a report back by themselves",
    # Consent and data
    "stop": "stop, by itself enough",
    "stop_idle": "stop, by itself enough of somebody with no open case: whoever has one takes it back",
    "stop_weak": "don't, no more: enough only with a word of `messages`",
    "messages": "message, send, chat: what is to stop",
    "unlist": "phrases that want no more messages, by themselves enough where nothing is reported",
    "opt_in": "keyword: messages are wanted again",
    "erase": "keyword: erase my data",
    "own_data": "my data",
    "data_act": "what can be asked about one's data: send, erase, correct",
    "secrecy": "keep secret: a wish, no request about data",
    # Menu and status
    "menu": "keyword: show the menu",
    "choose_report": "keyword: I want to report",
    "choose_question": "keyword: I want to ask",
    "choose_status": "keyword: status",
    "report_noun": "report, complaint",
    "own_report": "my report, the report from yesterday",
    "status": "words that ask how far it is",
    "status_alone": "phrases that ask how far it is without naming a report",
    "how_to_report": "how do I report",
    "adding": "phrases that add to something told before",
    "repeated": "phrases that say it was reported before, or goes on again",
    # Questions
    "question": "question words",
    "permission": "may one",
    "ask_intro": "I'd like to ask",
    "procedure": "requirements, opening hours, duties: what offices are asked about",
    "unit": "the unit itself: its name, its office",
    # Reports
    "report_intro": "I'd like to report",
    "act": "what the unit is asked to do about it",
    "already": "words that say what the unit did, before a word of `act`",
    "exists": "there is, many, a group",
    "nuisance": "disturbs, endangers, forbidden",
    "now": "now, since, every day",
    # Events to be secured
    "secure": "what the unit is asked for: guards, an escort, people",
    "event": "concerts, weddings, matches, prayers: what draws people",
    "plea": "we ask for, could you",
    "organiser": "words of those who hold an event: the committee, on Saturday, about so many people",
    # Messages that want nothing of the unit
    "advert": "what only advertising and fraud say",
    "advert_weak": "words of advertising that others use too: two of them, or one beside a link",
    "insult": "insults",
    # What staff should know at a glance
    "misconduct": "what officers of the unit should not do: counts in a complaint about the unit",
    "child": "children, pupils, minors",
    "age": "years old: beside a number below 18",
    # Danger
    "emergency": "danger to life, fire or a weapon, whatever stands around it",
    "high": "violence, minors, misconduct",
    "denial": "not, no: before a word of danger, there is none",
    "mere": "ordinary, just: after a denied word of danger, it is one all the same",
    "feared": "prone to, may cause, nearly: before a word of `accident`, it has not happened",
    "accident": "those words of danger that are often feared as a consequence",
    "long_ago": "last year, once: near a word of danger, it is over",
    "pressing": "now, hurry: nothing is over",
    "cry": "a call for help",
    "calm": "longer phrases that hold words of other lists and mean none of them: camp fire, traffic light",
    # Mail and pins
    "auto_reply": "phrases of automatic answers",
    "auto_greeting": "thanks for writing to us, as machines say it",
    "auto_promise": "we shall answer soon, as machines say it",
    "here": "this is the place, said with a pin",
}
"""Name to meaning."""
