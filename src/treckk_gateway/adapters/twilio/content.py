"""What one message of ours says to Twilio: a text, or an approved content with its variables.

Source: Twilio docs, Message resource (`ContentSid`, `ContentVariables`); Content API.
"""

from __future__ import annotations

import json
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Content:
    """Either `body`, or the content `sid` with `variables` for its placeholders {{1}}, {{2}}, in order."""

    body: str = attrs.field(default="", repr=False)
    sid: str | None = None
    variables: tuple[str, ...] = attrs.field(default=(), repr=False)

    def arguments(self) -> dict[str, Any]:
        """What the create call of Twilio's package takes. Beside a content there must be no body."""
        if self.sid is None:
            return {"body": self.body}
        given = {str(number): value for number, value in enumerate(self.variables, 1)}
        return {"content_sid": self.sid} | ({"content_variables": json.dumps(given)} if given else {})

    def is_in(self, body: str) -> bool:
        """Whether a message listed with this body may be ours: the same words, or all our variables in it."""
        if self.sid is None:
            return body.split() == self.body.split()
        words = " ".join(body.split())
        return all(value in words for value in self.variables)
