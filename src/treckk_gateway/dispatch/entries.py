"""`LAPOR` and `PATROLI`: a member of a post writes down a complaint, or what a patrol found, from the phone."""

from __future__ import annotations

import attrs

from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.menus import reply
from treckk_gateway.casework.views import WalkIn
from treckk_gateway.casework.walk_in import WalkIns
from treckk_gateway.channel.numbers import e164
from treckk_gateway.dispatch.reading import Said
from treckk_gateway.dispatch.refusals import Refused
from treckk_gateway.dispatch.telling import Reply
from treckk_gateway.model import Act, Actor, CaseUpdate
from treckk_gateway.profile.tokens import fold
from treckk_gateway.store.rows import ConversationRow


@attrs.frozen
class Entries:
    """Opens cases as the walk-in entry of the API does."""

    casework: Casework
    actor: Actor
    conversation: ConversationRow

    async def open(self, said: Said, key: str) -> Reply:
        """The filing of the entry. A line that begins with a contact label holds the person's number."""
        patrol = Act.PATROL in said.acts
        text, number = self._contact(said.rest)
        if not text.strip():
            words = self.casework.profile.staff.acts[Act.PATROL if patrol else Act.REPORT]
            return Reply(update=reply(f"{words.label}: {self.casework.profile.staff.say('help')}", ""))
        walk_in = WalkIn(text=text, reply_to=None if patrol else number, patrol=patrol, post=self.actor.post)
        filing = await WalkIns(self.casework).entry(
            self.actor,
            walk_in,
            f"{self.conversation.channel_id}\0{key}",
            self.casework.clock(),
            written_in=self.conversation.id,
        )
        return Reply(update=CaseUpdate(template="staff_opened"), filing=filing)

    def _contact(self, text: str) -> tuple[str, str | None]:
        """The text without its line for the telephone, and the address updates go to."""
        lines, found = [], None
        for line in text.splitlines():
            label, mark, rest = line.partition(":")
            if mark and found is None and fold(label) in self.casework.profile.staff.contact_labels:
                found = e164(rest.strip(), self.casework.profile.region)
                if found is None:
                    raise Refused("not_understood")
                continue
            lines.append(line)
        # Whoever came to a post has not written to us on WhatsApp, so only an SMS reaches them at once.
        scheme = next((one for one in ("sms", "whatsapp") if self.casework.channel_for(one)), None)
        return "\n".join(lines), f"{scheme}:{found}" if found and scheme else None
