"""What one message of ours says to Twilio: a text, an approved content, or a text with something to tap.

Source: Twilio docs, Message resource (`ContentSid`, `ContentVariables`); Content API, twilio/quick-reply and
twilio/list-picker (their lengths, and that both leave within the reply window without approval).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from treckk_gateway.channel import choices
from treckk_gateway.model import Choice

LONGEST_ABOVE = 1024
"""Characters of the text above buttons or a list."""
MOST_BUTTONS, MOST_LINES = 3, 10
"""Buttons of a message that nobody approved, and lines of a list."""

_BUTTON, _LINE, _BELOW, _LONGEST_ID = 20, 24, 72, 200


@attrs.frozen(kw_only=True)
class Content:
    """`body`, or the content `sid` with `variables` for its placeholders {{1}}, {{2}}, in order.

    An approved content has no `body`. One that offers choices has: it is what the content says, and what leaves in its
    place when Twilio refuses the content.
    """

    body: str = attrs.field(default="", repr=False)
    sid: str | None = None
    variables: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def plain(self) -> Content | None:
        """The words alone, where there is more to send than they; `None` where there is not."""
        return Content(body=self.body) if self.sid is not None and self.body else None

    def arguments(self) -> dict[str, Any]:
        """What the create call of Twilio's package takes. Beside a content there must be no body."""
        if self.sid is None:
            return {"body": self.body}
        given = {str(number): value for number, value in enumerate(self.variables, 1)}
        return {"content_sid": self.sid} | ({"content_variables": json.dumps(given)} if given else {})

    def is_in(self, body: str) -> bool:
        """Whether a message listed with this body may be ours: the same words, or all our variables in it."""
        if self.body:
            return body.split() == self.body.split()
        words = " ".join(body.split())
        return all(value in words for value in self.variables)


@attrs.frozen(kw_only=True)
class Offering:
    """`[channels.NAME.choices]`: contents that offer answers for tapping, by how many they offer.

    `buttons` are quick replies with one to three answers, `lists` list pickers with one to ten lines; all of each is a
    variable. Where both could hold a message's answers the buttons do.
    """

    buttons: Mapping[str, str] = attrs.field(factory=dict)
    lists: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def most(self) -> int:
        """The most answers a message may offer."""
        return max(map(int, (*self.buttons, *self.lists)), default=0)

    def content(self, body: str, offered: Sequence[Choice]) -> Content | None:
        """The text with these answers; `None` where no content has room for them."""
        count, ids = str(len(offered)), [choices.payload(one) for one in offered]
        if not offered or len(body) > LONGEST_ABOVE or len(set(ids)) < len(ids) or max(map(len, ids)) > _LONGEST_ID:
            return None
        labels = [" ".join(one.label.split()) for one in offered]
        if count in self.buttons and len(set(labels)) == len(labels) and max(map(len, labels)) <= _BUTTON:
            pairs = [one for pair in zip(labels, ids, strict=True) for one in pair]
            return Content(body=body, sid=self.buttons[count], variables=(body, *pairs))
        if count not in self.lists:
            return None
        lines = [
            one
            for label, name, choice in zip(labels, ids, offered, strict=True)
            for one in (_shortened(label), (label if len(label) > _LINE else choice.answer)[:_BELOW], name)
        ]
        return Content(body=body, sid=self.lists[count], variables=(body, *lines))


def _shortened(label: str) -> str:
    return label if len(label) <= _LINE else label[: _LINE - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
