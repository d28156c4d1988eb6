"""What staff can see and do: the one way in for API, console and command line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
import structlog
from msgspec.structs import replace

from treckk_gateway.casework import searching
from treckk_gateway.casework.casework import Casework
from treckk_gateway.casework.data_requests import DataRequests
from treckk_gateway.casework.erasing import Erasing
from treckk_gateway.casework.form import Forms
from treckk_gateway.casework.initial_action import InitialAction
from treckk_gateway.casework.merging import Merging
from treckk_gateway.casework.opening import Opening
from treckk_gateway.casework.parting import Parting
from treckk_gateway.casework.questions import SILENT
from treckk_gateway.casework.standing import Standing
from treckk_gateway.casework.takeover import Takeovers
from treckk_gateway.casework.views import (
    AccessView,
    CaseFile,
    DeadLetterView,
    ExpiringView,
    Given,
    IdentityView,
    Page,
    ParkedView,
    StatusView,
    WalkIn,
)
from treckk_gateway.casework.walk_in import WalkIns
from treckk_gateway.casework.watching import Watching
from treckk_gateway.errors import Incomplete, KeyReused, NotAllowed, NotFoundError
from treckk_gateway.model import Actor, Address, Case, CaseUpdate, EventKind, Role, State, Transition, lifecycle
from treckk_gateway.store.orders import CaseFields, CaseFilter, NewItem, NewRequest
from treckk_gateway.store.rows import OutboxRow

T = TypeVar("T")

log = structlog.get_logger(__name__)

_WALK_IN = "walk_in"
_SENT = frozenset({State.INSTRUCTED, State.EN_ROUTE})
_MOST = 200


@attrs.frozen
class Desk:
    """Every look and act names who does it; what the actor may not see does not exist for them."""

    casework: Casework
    form_channel: str = "lapor"
    erasing: Erasing = attrs.field(default=attrs.Factory(lambda self: Erasing(casework=self.casework), takes_self=True))

    async def cases(
        self,
        actor: Actor,
        *,
        state: str | None = None,
        post: str | None = None,
        q: str | None = None,
        overdue: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Case]:
        """Cases the actor may see, newest first.

        `q` matches numbers, and categories and places by name or code, all of what it says; or, for roles that may know
        identities, one exact address. `overdue` leaves those with a clock that is over. Raises `Incomplete` for a
        state or cursor that cannot be.
        """
        if state is not None and state not in set(State):
            raise Incomplete(f"there is no such state; states are {', '.join(State)}", ("state",))
        wanted = CaseFilter(
            states=(State(state),) if state else (),
            posts=self.casework.posts_of(actor, post),
            due_by=self.casework.clock() if overdue else None,
            hide_categories=self.casework.hidden_categories(actor),
            hide_flags=self.casework.hidden_flags(actor),
            cursor=_cursor(cursor),
            limit=max(1, min(limit, _MOST)) + 1,
        )
        wanted = await self._searched(actor, wanted, q)
        return _page(await self.casework.store.cases(wanted), wanted.limit - 1, lambda one: one.case_id)

    async def case_file(self, actor: Actor, reference: str) -> CaseFile:
        """Everything the actor may see of a case; looking is written down. Raises `NotFoundError`."""
        case = await self._visible(actor, reference)
        await Watching(self.casework).log(case, actor, "file")
        return await Opening(self.casework).open(case, actor)

    async def case(self, actor: Actor, reference: str) -> Case:
        """A case the actor may know of. Raises `NotFoundError`."""
        return await self._visible(actor, reference)

    async def identities(self, actor: Actor, reference: str, reason: str) -> tuple[IdentityView, ...]:
        """Who reported; written down with the reason. Raises what `Watching.identities` raises."""
        return await Watching(self.casework).identities(await self._visible(actor, reference), actor, reason)

    async def accesses(self, actor: Actor, reference: str) -> tuple[AccessView, ...]:
        """Who looked at the case and why; for leadership."""
        return await Watching(self.casework).accesses(await self._visible(actor, reference), actor)

    async def hold(self, actor: Actor, reference: str, reason: str, *, on: bool) -> Case:
        """Keep a case from being erased, or no longer; for leadership."""
        return await Watching(self.casework).hold(await self._visible(actor, reference), actor, reason, on=on)

    async def erase(self, actor: Actor, reference: str, reason: str, pseudonym: str | None = None) -> str:
        """Forget the case's reporter; the pseudonym of who was. Raises what `Erasing.erase` raises."""
        return await self.erasing.erase(await self._visible(actor, reference), actor, reason, pseudonym)

    async def expiring(self) -> tuple[ExpiringView, ...]:
        """Reporters whose retention ends soon."""
        return await self.erasing.expiring()

    async def steps(self, actor: Actor, reference: str) -> tuple[Transition, ...]:
        """What the actor may do next with a case."""
        case = await self._visible(actor, reference)
        return lifecycle.targets(case.state, actor.roles)

    async def move(self, actor: Actor, reference: str, to: State, given: Given) -> Case:
        """Take a step. Raises what `Casework.move` and, for a merge, `Merging.merge` raise."""
        case = await self._visible(actor, reference)
        if to is State.DUPLICATE:
            return await Merging(self.casework).merge(case.case_id, actor, given)
        return await self.casework.move(case.case_id, to, actor, given)

    async def confirm(self, actor: Actor, reference: str, note: str | None) -> Case:
        """Leadership confirms what the duty post began."""
        case = await self._visible(actor, reference)
        return await self.casework.apply(case.case_id, InitialAction(self.casework).confirming(actor, note))

    async def answer_data_request(self, actor: Actor, reference: str, note: str) -> Case:
        """Record that a request about personal data was answered. Raises what `DataRequests.answering` raises."""
        case = await self._visible(actor, reference)
        return await self.casework.apply(case.case_id, DataRequests(self.casework).answering(actor, note))

    async def unmerge(self, actor: Actor, reference: str, note: str | None = None) -> Case:
        """Undo a merge. Raises what `Parting.unmerge` raises."""
        case = await self._visible(actor, reference)
        return await Parting(self.casework).unmerge(case.case_id, actor, note)

    async def split(self, actor: Actor, reference: str, message_id: int) -> Case:
        """Make a case of its own of one message. Raises what `Parting.split` raises."""
        case = await self._visible(actor, reference)
        return await Parting(self.casework).split(case.case_id, message_id, actor)

    async def assign(self, actor: Actor, reference: str, post: str | None, note: str | None = None) -> Case:
        """Give the case to a post, or to none; the event tells who had it before and who has it now (lessons, C8).

        Raises `NotAllowed` for roles that do not assign, `Incomplete` for a post that is not, or is the same.
        """
        if actor.roles.isdisjoint(lifecycle.MERGING):
            raise NotAllowed("only the desk and leadership assign a case")
        self.casework.wording.check_post(post)
        case = await self._visible(actor, reference)
        if case.state in _SENT and Role.LEADERSHIP not in actor.roles:
            raise NotAllowed("a post was sent already: only leadership sends another")
        central = self.casework.profile.central_post.post_id
        after = post or central
        if after == (case.post or central):
            raise Incomplete("the case is with that post already", ("another_post",))
        data = {"before": case.post or "-", "after": after, "note": note or ""}
        return await self.casework.note(case, actor, EventKind.ASSIGNED, data, fields=CaseFields(post=after))

    async def note(self, actor: Actor, reference: str, text: str) -> Case:
        """An internal note: kept with the case, never sent to anyone."""
        case = await self._visible(actor, reference)
        return await self.casework.note(case, actor, EventKind.NOTE, {"note": text})

    async def write(self, actor: Actor, reference: str, text: str) -> Case:
        """A message from the desk to the case's reporters.

        Raises `NotAllowed` for roles that do not speak with reporters, `Incomplete` when nobody can be reached.
        """
        if not self.casework.speaks_with_reporters(actor):
            raise NotAllowed("only the desk and leadership write to reporters")
        case = await self._visible(actor, reference)
        if SILENT in case.flags:
            raise Incomplete("this reporter wishes to hear nothing about the case", ("address",))
        update = CaseUpdate(template="note", values={"isi": text}, step="note")
        drafts = await self.casework.tell_parties(case, update)
        if not drafts:
            raise Incomplete("this reporter left no address that can be reached", ("address",))
        # Whoever writes holds the case from now on: two voices at once confuse.
        fields = CaseFields(taken=actor.name)
        return await self.casework.note(
            case, actor, EventKind.MESSAGE, {"written": "yes"}, fields=fields, drafts=drafts
        )

    async def take(self, actor: Actor, reference: str) -> Case:
        """Hold the case: the machine falls silent. Raises `NotAllowed` for roles outside the desk."""
        return await Takeovers(self.casework).take(await self._visible(actor, reference), actor)

    async def release(self, actor: Actor, reference: str) -> Case:
        """Give the case back to the machine. Raises `NotAllowed` for roles outside the desk."""
        return await Takeovers(self.casework).release(await self._visible(actor, reference), actor)

    async def correct(self, actor: Actor, reference: str, field: str, value: str) -> Case:
        """Correct a field of the form. Raises what `Forms.correct` raises."""
        return await Forms(self.casework).correct(await self._visible(actor, reference), actor, field, value)

    async def open_walk_in(self, actor: Actor, walk_in: WalkIn) -> Case:
        """Write down a complaint for somebody who came, called or was met on patrol (domain reference, R1, R18).

        The same idempotency key gives the same case. Raises `Incomplete` for an address that is none, `KeyReused` where
        another entry had that key.
        """
        key = walk_in.idempotency_key or self.casework.ids.new()
        now = self.casework.clock()
        lane = self.casework.keyring.digest("lane", f"{_WALK_IN}\0{key}")
        kept = NewItem(dedupe_key=hashlib.sha256(f"{actor.name}\0{key}".encode()).hexdigest(), kind="other", lane=lane)
        request = NewRequest(channel_id=_WALK_IN, items=(kept,), raw=b"", key_day="", received_at=now)
        filed = await self.casework.store.file(await WalkIns(self.casework).filing(actor, walk_in, request))
        self.casework.hint()
        if filed.case_id is None:
            raise NotFoundError("that key was used for something else")
        if not filed.fresh and not await WalkIns(self.casework).repeats(filed.case_id, walk_in):
            raise KeyReused("that key was used for another complaint: use a new key, or send the same again")
        found = await self.casework.store.case(case_id=filed.case_id)
        if found is None:
            raise NotFoundError("no such case")
        return found

    async def status(self, token: str) -> StatusView | None:
        """What a reporter sees by the secret token: states and times, nothing else. `None` for any wrong token."""
        store = self.casework.store
        found = await store.case_of_reply("", self.casework.people.token_hash(token), ())
        case = found[0] if found else await store.case_of_request(self.form_channel, status_key(token))
        if found is not None and found[1].origin_id is not None:
            case = await store.case(case_id=found[1].origin_id)
        return await Standing(self.casework).view(case) if case is not None else None

    async def parked(self, *, cursor: str | None = None, limit: int = 50) -> Page[ParkedView]:
        """Requests nobody could read, newest first."""
        rows = await self.casework.store.parked(_cursor(cursor), min(limit, _MOST) + 1)
        views = [
            ParkedView(id=r.id, channel_id=r.channel_id, received_at=r.received_at, kind=r.kind, reason=r.reason)
            for r in rows
        ]
        return _page(views, min(limit, _MOST), lambda one: one.id)

    async def replay_parked(self, actor: Actor, inbox_id: int) -> bool:
        """Try a parked request again; false when it was not parked, so a second click changes nothing."""
        done = await self.casework.store.unpark(inbox_id, self.casework.clock())
        log.info("request.replayed", inbox_id=inbox_id, actor=actor.name)
        self.casework.hint()
        return done

    async def dead_letters(self, *, cursor: str | None = None, limit: int = 50) -> Page[DeadLetterView]:
        """Messages given up or of uncertain fate, newest first."""
        rows = await self.casework.store.dead(_cursor(cursor), min(limit, _MOST) + 1)
        return _page([await self._dead(one) for one in rows], min(limit, _MOST), lambda one: one.id)

    async def replay_dead(self, actor: Actor, outbox_id: int) -> bool:
        """Send a dead letter again; false when it was not one, so a second click changes nothing."""
        row = await self.casework.store.outbox(outbox_id)
        case = await self.casework.store.case(case_id=row.case_id) if row and row.case_id is not None else None
        event = None
        if case is not None:
            box = await self.casework.people.box(case.reporter_id)
            event = self.casework.event(box, actor, EventKind.REPLAYED, {"delivery": str(outbox_id)})
        done = await self.casework.store.revive(outbox_id, event, self.casework.clock())
        self.casework.hint()
        return done

    async def reach(self, actor: Actor, reference: str) -> int:
        """Write to the reporter again though an address was set aside after a failure; how many addresses that were.

        Who opted out stays so. Raises `NotFoundError`.
        """
        case = await self._visible(actor, reference)
        box = await self.casework.people.box(case.reporter_id)
        event = self.casework.event(box, actor, EventKind.REPLAYED, {"addresses": "lifted"})
        return await self.casework.store.lift(case.case_id, event, self.casework.clock())

    async def _dead(self, row: OutboxRow) -> DeadLetterView:
        case = await self.casework.store.case(case_id=row.case_id) if row.case_id is not None else None
        return DeadLetterView(
            id=row.id,
            channel_id=row.channel_id,
            reference=case.reference if case else None,
            template=row.template,
            state=row.state,
            reason=row.reason,
            attempts=row.attempts,
            created_at=row.created_at,
        )

    async def _visible(self, actor: Actor, reference: str) -> Case:
        case = await self.casework.by_reference(reference)
        if not self.casework.visible(case, actor):
            raise NotFoundError("no case has that number")
        return case

    async def _searched(self, actor: Actor, wanted: CaseFilter, q: str | None) -> CaseFilter:
        words = tuple((q or "").split())
        if len(words) == 1 and ":" in words[0] and self.casework.knows_identities(actor):
            address = Address.parse(words[0])
            identities = [
                one
                for channel_id in ("", *self.casework.channels)
                for one in self.casework.people.identities(channel_id, [address])
            ]
            known = await self.casework.store.known_reporter(identities)
            return replace(wanted, reporter_id=known.id if known else -1)
        return replace(wanted, words=searching.wanted(self.casework.profile, q or ""))


def status_key(token: str) -> str:
    """The id a citizen's form sends for its secret token, so that the token itself is stored nowhere."""
    return hashlib.sha256(f"status\0{token}".encode()).hexdigest()


def _cursor(written: str | None) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 19):  # noqa: PLR2004 digits of a 64-bit id
        raise Incomplete("that is no cursor of ours", ("cursor",))
    return int(written)


def _page(found: Sequence[T], limit: int, key: Callable[[T], int]) -> Page[T]:
    more = len(found) > limit
    items = tuple(found[:limit])
    return Page(items=items, next_cursor=str(key(items[-1])) if more else None)
