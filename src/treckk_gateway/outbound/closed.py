"""What leaves where the reply window is closed: an approved template, or the word that an answer waits.

Source: lessons, D1 (a text outside the window is never shown as sent); the channel reference, 7.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.casework import Casework
from treckk_gateway.channel import ApprovedTemplate, Channel, Problem, TemplateTable, Templating
from treckk_gateway.channel.templates import approved
from treckk_gateway.errors import ConfigError, NotFoundError
from treckk_gateway.model import CaseUpdate
from treckk_gateway.profile import Profile
from treckk_gateway.profile.templates import ALWAYS, VARIABLES, WAITING
from treckk_gateway.store.orders import Filing
from treckk_gateway.store.rows import ConversationRow, OutboxRow

_ANSWER, _NOTICE = "answer_waiting", "notice_waiting"


@attrs.frozen
class ClosedWindow:
    """Decides for one row when it is to leave, never when it is queued: the window may have opened meanwhile."""

    casework: Casework
    channels: Mapping[str, Channel]

    def template(self, row: OutboxRow, language: str | None = None) -> tuple[ApprovedTemplate, str] | None:
        """The approved template for a row, in that language or else the unit's own; `None` where there is none."""
        own = self.casework.profile.languages
        return approved(_table(self.channels.get(row.channel_id)), row.template, (language, *own) if language else own)

    async def announce(self, row: OutboxRow, conversation: ConversationRow) -> None:
        """Queue the word that something waits, once for each time the window closed."""
        update = _NOTICE if conversation.staff is not None else _ANSWER
        if row.template in WAITING or not _table(self.channels.get(row.channel_id)).get(update):
            return
        try:
            box = await self.casework.people.box(conversation.reporter_id)
        except NotFoundError:
            return
        draft = self.casework.draft(box, conversation, CaseUpdate(template=update, values={}, urgent=row.urgent))
        draft = replace(draft, once=f"waiting:{conversation.window_until or 0}")
        filing = Filing(inbox_id=None, now=self.casework.clock(), case_id=row.case_id, drafts=(draft,))
        await self.casework.store.file(filing)
        self.casework.hint()


def check_templates(channels: Iterable[Channel], profile: Profile, where: str) -> None:
    """Raise `ConfigError` for a template of an update, a language or a placeholder that there is not."""
    for channel in channels:
        for update, by_language in _table(channel).items():
            key = f"channels.{channel.channel_id}.templates.{update}"
            if update not in VARIABLES:
                raise ConfigError(where, key, f"no update has that name; known are: {', '.join(sorted(VARIABLES))}")
            for language, one in by_language.items():
                if language not in profile.languages:
                    known = ", ".join(profile.languages)
                    raise ConfigError(where, f"{key}.{language}", f"the profile has no such language; it has {known}")
                _check_variables(update, one, where, f"{key}.{language}.variables")


def _check_variables(update: str, template: ApprovedTemplate, where: str, key: str) -> None:
    known = VARIABLES[update] | ALWAYS
    for name in template.variables:
        if name not in known:
            raise ConfigError(where, key, f"{update} fills no {name}; it fills {', '.join(sorted(known))}")


def template_problems(channel: Channel) -> tuple[Problem, ...]:
    """What an operator should know of a channel with a reply window and no word that an answer waits."""
    capabilities = channel.capabilities
    if capabilities.reply_window is None or not capabilities.outbound or _table(channel).get(_ANSWER):
        return ()
    hours = capabilities.reply_window // 3600
    summary = f"Later than {hours} hours after a person's last message nothing tells them that an answer waits"
    remedy = f"Register the text {_ANSWER} with the provider and name it in [channels.{channel.channel_id}.templates]."
    return (Problem(summary=summary, remedy=remedy),)


def _table(channel: Channel | None) -> TemplateTable:
    return channel.templates if isinstance(channel, Templating) else {}
