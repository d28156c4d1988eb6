"""Reporters and conversations: found by keyed hash, made when new, opened only here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import attrs

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.ids import Clock, Ids
from treckk_gateway.errors import NotFoundError
from treckk_gateway.model import Address, Case, InboundMessage
from treckk_gateway.privacy import Box, Keyring
from treckk_gateway.store import Store
from treckk_gateway.store.orders import NewConversation
from treckk_gateway.store.rows import ConversationRow, MessageRow, ReporterRow

_KEPT = 4096


@attrs.frozen(kw_only=True)
class Known:
    """Who writes, their conversation, its last messages and their open cases, newest first.

    `stranger` is true for a reporter who was not known before: there is nothing of theirs to look for.
    """

    reporter: ReporterRow
    conversation: ConversationRow
    recent: Sequence[MessageRow]
    open_cases: Sequence[Case]
    stranger: bool = False


class People:
    """Who writes to us and who works here, as far as a message needs it."""

    def __init__(self, store: Store, keyring: Keyring, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._ids = ids
        self._known: OrderedDict[int, ReporterRow] = OrderedDict()

    def lane(self, channel_id: str, sender: Address) -> bytes:
        """What keeps one person's messages in order, over all channels."""
        return self._keyring.digest("lane", _identity(channel_id, sender))

    def identities(self, channel_id: str, addresses: Sequence[Address]) -> list[bytes]:
        """The keyed identities behind addresses."""
        return [self._keyring.digest("identity", _identity(channel_id, one)) for one in addresses]

    def address_hash(self, channel_id: str, address: Address) -> bytes:
        """The keyed look-up of a conversation."""
        return self._keyring.digest("address", f"{channel_id}\0{address.text}")

    def token_hash(self, token: str) -> bytes:
        """The keyed look-up of a reply or status token; case of letters does not matter."""
        return self._keyring.digest("token", token.strip().lower())

    async def acquaintance(self, channel_id: str, message: InboundMessage, limit: int) -> Known:
        """Who is behind a message and what lies around it, at most `limit` messages; a stranger is made known.

        Addresses stated together are one person's.
        """
        addresses = (message.sender, *message.aliases)
        identities = self.identities(channel_id, addresses)
        hashed = self.address_hash(channel_id, message.sender)
        found = await self._store.acquaintance(identities, channel_id, hashed, limit)
        reporter, conversation, open_cases = found.reporter, found.conversation, found.open_cases
        stranger = False
        if reporter is None and conversation is None:  # identities stated together are stored together
            reporter, conversation = await self._meet(identities, channel_id, hashed, message.sender)
            stranger = conversation is not None
        elif reporter is None or len(addresses) > 1:
            reporter = await self.reporter_at(channel_id, addresses)
        if conversation is None:
            conversation = await self.conversation(channel_id, message.sender, reporter)
        self._keep(reporter)
        if not stranger and (found.reporter is None or found.reporter.id != reporter.id):
            open_cases = await self._store.open_cases(reporter.id)
        return Known(
            reporter=reporter,
            conversation=conversation,
            recent=found.recent,
            open_cases=open_cases,
            stranger=stranger,
        )

    async def _meet(
        self, identities: Sequence[bytes], channel_id: str, hashed: bytes, sender: Address
    ) -> tuple[ReporterRow, ConversationRow | None]:
        wrapped = self._keyring.new_key()
        sealed = self._keyring.box(wrapped).seal(Purpose.ADDRESS, sender.text.encode())
        new = NewConversation(channel_id=channel_id, address_hash=hashed, address=sealed)
        return await self._store.meet(identities, self._ids.pseudonym(), wrapped, self._clock(), new)

    async def reporter_at(self, channel_id: str, addresses: Sequence[Address]) -> ReporterRow:
        """The reporter at these addresses, made if new."""
        identities = self.identities(channel_id, addresses)
        known = await self._store.known_reporter(identities)
        if known is None or len(addresses) > 1:
            known = await self._store.ensure_reporter(
                identities, self._ids.pseudonym(), self._keyring.new_key(), self._clock()
            )
        self._keep(known)
        return known

    async def unreachable(self, identity: bytes) -> ReporterRow:
        """A reporter who left no address: known only by this one entry."""
        made = await self._store.ensure_reporter(
            [identity], self._ids.pseudonym(), self._keyring.new_key(), self._clock()
        )
        self._keep(made)
        return made

    async def conversation(self, channel_id: str, sender: Address, reporter: ReporterRow) -> ConversationRow:
        """The reporter's conversation at this address."""
        hashed = self.address_hash(channel_id, sender)
        known = await self._store.known_conversation(channel_id, hashed)
        if known is not None:
            return known
        sealed = self._keyring.box(reporter.wrapped).seal(Purpose.ADDRESS, sender.text.encode())
        return await self._store.ensure_conversation(channel_id, hashed, sealed, reporter_id=reporter.id)

    async def staff_conversation(self, channel_id: str, address: Address, name: str) -> ConversationRow:
        """The conversation with somebody who works here."""
        hashed = self.address_hash(channel_id, address)
        known = await self._store.known_conversation(channel_id, hashed)
        if known is not None and known.reporter_id is None:
            return known
        # The same number may have reported something as a citizen: that conversation stays the reporter's.
        if known is not None:
            hashed = self._keyring.digest("staff address", f"{channel_id}\0{address.text}")
        sealed = self._keyring.unit.seal(Purpose.ADDRESS, address.text.encode())
        return await self._store.ensure_conversation(channel_id, hashed, sealed, staff=name)

    async def staff_token(self, conversation_id: int) -> str:
        """The secret of a reply address in a conversation with somebody who works here, made when first needed."""
        token = self._ids.token()
        sealed = await self._store.conversation_token(
            conversation_id, self.token_hash(token), self._keyring.unit.seal(Purpose.TOKEN, token.encode())
        )
        return self._keyring.unit.open(Purpose.TOKEN, sealed).decode()

    async def box(self, reporter_id: int | None) -> Box:
        """The box that seals what belongs to a reporter, or the unit's own where there is none.

        Raises `NotFoundError` when the reporter was erased.
        """
        if reporter_id is None:
            return self._keyring.unit
        known = self._known.get(reporter_id) or await self._store.reporter(reporter_id)
        if known is None:
            raise NotFoundError("no such reporter")
        self._keep(known)
        return self._keyring.box(known.wrapped)

    async def pseudonym(self, reporter_id: int | None) -> str:
        """The public name of a reporter; `-` where there is none."""
        if reporter_id is None:
            return "-"
        known = self._known.get(reporter_id) or await self._store.reporter(reporter_id)
        return known.pseudonym if known else "-"

    async def address(self, conversation: ConversationRow) -> Address:
        """Where the conversation's other side is reached. Raises `NotFoundError` when the reporter was erased."""
        box = await self.box(conversation.reporter_id)
        return Address.parse(box.open(Purpose.ADDRESS, conversation.address).decode())

    def forget(self, reporter_id: int) -> None:
        """Keep no copy of a key that was destroyed."""
        self._known.pop(reporter_id, None)

    def _keep(self, known: ReporterRow) -> None:
        self._known[known.id] = known
        self._known.move_to_end(known.id)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def _identity(channel_id: str, address: Address) -> str:
    # A partner's own ids mean something on that partner's channel only.
    return f"{channel_id}\0{address.identity}" if address.scheme == "web" else address.identity
