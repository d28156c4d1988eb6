"""The only code that applies a transition: lifecycle and actor checked, what is told decided, all in one operation."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import attrs
from msgspec.structs import replace

from treckk_gateway.casework.bodies import Purpose
from treckk_gateway.casework.clocks import Clocks
from treckk_gateway.casework.findings import sealed
from treckk_gateway.casework.ids import Clock, Ids
from treckk_gateway.casework.people import People
from treckk_gateway.casework.questions import SILENT, form_fields
from treckk_gateway.casework.roster import Roster
from treckk_gateway.casework.telling import told_of
from treckk_gateway.casework.views import Given
from treckk_gateway.casework.wording import Wording
from treckk_gateway.channel import Channel
from treckk_gateway.errors import IllegalTransition, Incomplete, NotAllowed, NotFoundError, Stale
from treckk_gateway.model import (
    Actor,
    Case,
    CaseUpdate,
    EventKind,
    Finding,
    InboundMessage,
    Instant,
    Reason,
    Role,
    Staff,
    State,
    Transition,
    Urgency,
    lifecycle,
)
from treckk_gateway.model.lifecycle import ABOUT_LEADERSHIP, CONFIRMED, CORRECTED, CORRECTIONS, INITIAL_ACTION, MERGED
from treckk_gateway.privacy import Box, Keyring
from treckk_gateway.profile import Profile
from treckk_gateway.store import Store
from treckk_gateway.store.orders import (
    CaseFields,
    Change,
    Draft,
    Filing,
    Merge,
    NewEvent,
    NewTimer,
    NewValue,
)
from treckk_gateway.store.rows import QUIET_HOURS, ConversationRow, OutboxRow, PartyRow

WINDOW_MARGIN = 180_000_000
"""The reply window counts as closed a little early (microseconds): what is on its way must still arrive inside it."""

_TRIES = 5
_ON_THE_WAY = frozenset({State.INSTRUCTED, State.EN_ROUTE})
_URGENT = frozenset({Urgency.EMERGENCY, Urgency.HIGH})
_LOCAL = frozenset({Role.TEAM, Role.DUTY})
_SEEING_ALL = frozenset({Role.ADMIN, Role.LEADERSHIP})
_UNTOLD = frozenset({"queued", "sending", "uncertain"})
"""`held` counts as told in vain: the window is closed on record, and the text leaves when the reporter writes again.

What is held for quiet hours only waits for the morning, and counts as not told yet.
"""


@attrs.frozen(kw_only=True)
class Casework:
    """Everything that decides about a case goes through here. `hint` tells the engine that something may be due."""

    store: Store
    keyring: Keyring
    people: People
    roster: Roster
    profile: Profile
    channels: Mapping[str, Channel]
    clock: Clock
    ids: Ids
    hint: Callable[[], None]
    wording: Wording
    clocks: Clocks

    async def by_reference(self, reference: str) -> Case:
        """The case of that number. Raises `NotFoundError`."""
        found = await self.store.case(reference=reference.strip().upper())
        if found is None:
            raise NotFoundError("no case has that number")
        return found

    def reference_in(self, text: str) -> re.Match[str] | None:
        """The first case number in a text, however its letters are written. Finding one authorizes nothing."""
        return re.search(rf"\b{re.escape(self.profile.reference_prefix)}-\d{{4}}-\d{{5,}}\b", text, re.IGNORECASE)

    async def move(
        self,
        case_id: int,
        to: State,
        actor: Actor,
        given: Given,
        *,
        flags: Iterable[str] = (),
        finishes: int | None = None,
    ) -> Case:
        """Take one step of the lifecycle and tell the reporter what the table says.

        Raises `IllegalTransition`, `NotAllowed`, `Incomplete`, `NotFoundError`, or `Stale` when others keep changing
        the case.
        """

        async def change(case: Case) -> Change:
            return replace(await self.moving(case, to, actor, given, tuple(flags)), finishes=finishes)

        return await self.apply(case_id, change)

    async def moving(self, case: Case, to: State, actor: Actor, given: Given, flags: tuple[str, ...] = ()) -> Change:
        """What one step would change, checked and not yet applied. Raises what `move` raises, but `Stale`."""
        step = lifecycle.step(case.state, to, actor.roles)
        lifecycle.require(step, given.names())
        await self.guard(case, step, given)
        return await self.step(case, step, actor, given, flags)

    async def apply(self, case_id: int, change: Callable[[Case], Awaitable[Change]]) -> Case:
        """Apply what `change` decides on the case as it stands, deciding anew while others change it.

        Raises `NotFoundError`, `Stale`, and whatever `change` raises.
        """
        for _ in range(_TRIES):
            done = await self.store.change(await change(await self._case(case_id)))
            if done is not None:
                self.hint()
                return done
        raise Stale("the case keeps changing: read it again")

    async def entry(
        self,
        case: Case,
        actor: Actor,
        kind: EventKind,
        data: Mapping[str, str],
        *,
        fields: CaseFields | None = None,
        drafts: Sequence[Draft] = (),
        tells: str | None = None,
        promised: Instant | None = None,
    ) -> Change:
        """An event that is no transition, not yet applied. `tells` names who is told of it afterwards."""
        box = await self.people.box(case.reporter_id)
        now = self.clock()
        return Change(
            case_id=case.case_id,
            version=case.version,
            now=now,
            fields=fields or CaseFields(),
            event=self.event(box, actor, kind, data, promised=promised),
            drafts=tuple(drafts),
            timers=(NewTimer(kind="dispatch", instance=f"{tells}:{case.version + 1}", due=now),) if tells else (),
        )

    async def note(
        self,
        case: Case,
        actor: Actor,
        kind: EventKind,
        data: Mapping[str, str],
        *,
        fields: CaseFields | None = None,
        findings: Sequence[Finding] = (),
        drafts: Sequence[Draft] = (),
        timers: Sequence[NewTimer] = (),
        values: Sequence[NewValue] = (),
        finishes: int | None = None,
    ) -> Case:
        """Write an event that is no transition, with whatever goes with it. Raises `Stale` as `move` does."""
        box = await self.people.box(case.reporter_id)
        current = case
        for _ in range(_TRIES):
            change = Change(
                case_id=current.case_id,
                version=current.version,
                now=self.clock(),
                fields=fields or CaseFields(),
                event=self.event(box, actor, kind, data),
                findings=sealed(box, findings),
                drafts=tuple(drafts),
                timers=tuple(timers),
                values=tuple(values),
                finishes=finishes,
            )
            done = await self.store.change(change)
            if done is not None:
                self.hint()
                return done
            current = await self._case(case.case_id)
        raise Stale("the case keeps changing: read it again")

    async def tell(self, case: Case, drafts: Sequence[Draft], *, finishes: int) -> None:
        """Queue notices that belong to no event, and finish the timer that asked for them."""
        change = Filing(inbox_id=None, now=self.clock(), drafts=tuple(drafts), finishes=finishes, case_id=case.case_id)
        await self.store.file(change)
        self.hint()

    def visible(self, case: Case, actor: Actor) -> bool:
        """Whether the actor may know of the case at all."""
        posts = self.posts_of(actor, None)
        return self.may_hear(case, actor) and (posts is None or case.post in posts)

    def may_hear(self, case: Case, actor: Actor) -> bool:
        """Whether the actor may hear of a case of this kind, whatever its post."""
        return case.category not in self.hidden_categories(actor) and not set(case.flags) & set(
            self.hidden_flags(actor)
        )

    def hidden_categories(self, actor: Actor) -> tuple[str, ...]:
        """Complaints about the unit are leadership's alone (domain reference, R25)."""
        return () if actor.roles & {Role.LEADERSHIP, Role.SYSTEM} else tuple(self.profile.leadership_only)

    def hidden_flags(self, actor: Actor) -> tuple[str, ...]:
        """A complaint about leadership itself is seen by who oversees it alone, where somebody does."""
        if actor.oversees or actor.role is Role.SYSTEM or not self.roster.overseen:
            return ()
        return (ABOUT_LEADERSHIP,)

    def posts_of(self, actor: Actor, wanted: str | None) -> tuple[str, ...] | None:
        """The posts whose cases the actor sees, cut to the one wanted; `None` for all."""
        own = (actor.post or "",) if actor.role in _LOCAL and not actor.roles & _SEEING_ALL else None
        if wanted is None:
            return own
        return (wanted,) if own is None or wanted in own else ()

    def reads_words(self, actor: Actor) -> bool:
        """Whether the actor may read what reporters wrote: the field never does."""
        return bool(actor.roles & {Role.ADMIN, Role.LEADERSHIP, Role.HOLDER})

    def knows_identities(self, actor: Actor) -> bool:
        """Whether the actor may know who reported."""
        return bool(actor.roles & _SEEING_ALL)

    def speaks_with_reporters(self, actor: Actor) -> bool:
        """Whether the actor may write to reporters."""
        return bool(actor.roles & _SEEING_ALL)

    def event(
        self,
        box: Box,
        actor: Actor,
        kind: EventKind,
        data: Mapping[str, str],
        *,
        source: State | None = None,
        target: State | None = None,
        promised: Instant | None = None,
    ) -> NewEvent:
        """An event with its data sealed. `promised` is the moment its reporter is told to wait for."""
        sealed = box.seal_value(Purpose.EVENT, {key: value for key, value in data.items() if value})
        return NewEvent(
            actor=actor.name,
            role=actor.role,
            kind=kind,
            data=sealed,
            source=source,
            target=target,
            promised=promised,
        )

    def draft(self, box: Box, conversation: ConversationRow, update: CaseUpdate) -> Draft:
        """An outbox row for one conversation; `box` is that of the conversation's reporter."""
        return Draft(
            delivery_id=self.ids.new(),
            conversation_id=conversation.id,
            channel_id=conversation.channel_id,
            template=update.template,
            values=box.seal_value(Purpose.VALUES, update.values),
            step=update.step,
            urgent=update.urgent,
            reply=update.reply,
        )

    async def tell_parties(
        self, case: Case, update: CaseUpdate | Callable[[Case], CaseUpdate], *, own: bool = False
    ) -> tuple[Draft, ...]:
        """Drafts for every reporter of the case who can be told, each once; with `own`, not for those merged into it.

        Where the words depend on the case, `update` makes them of the case as that reporter knows it. None where they
        wish to hear nothing.
        """
        if SILENT in case.flags and (callable(update) or not update.urgent):
            return ()
        drafts, told = [], set()
        for party in await self.store.parties(case.case_id):
            if party.conversation_id is None or party.reporter_id in told or (own and party.origin_id is not None):
                continue
            conversation = await self.store.conversation(party.conversation_id)
            if conversation is None or not self.speaks(conversation.channel_id):
                continue
            try:
                box = await self.people.box(conversation.reporter_id)
            except NotFoundError:
                continue
            told.add(party.reporter_id)
            known = await self._known_as(case, party)
            said = update(known) if callable(update) else update
            if known is not case:  # whatever becomes of the merge, this letter speaks of their own number
                said = attrs.evolve(said, values={"nomor": known.reference, **said.values})
            drafts.append(self.draft(box, conversation, said))
        return tuple(drafts)

    def after_hours(self, urgency: Urgency, language: str, now: Instant) -> CaseUpdate | None:
        """What a report outside service hours is told after its receipt; `None` within them, and where it is urgent.

        It asks for nothing: a question for a field of the form waits for the next opening, or for the next message.
        Where violence or danger is told of, the place is asked for at once instead.
        """
        clocks = self.clocks
        if not clocks.limits.out_of_hours or urgency in _URGENT or clocks.calendar.is_open(now):
            return None
        values = {"jam_buka": self.wording.opening(now, language), "state": State.RECEIVED.value, "version": "1"}
        return CaseUpdate(template="out_of_hours", values=values, reply=True, step="out_of_hours")

    async def as_told(self, case: Case, conversation_id: int | None) -> Case:
        """The case as the person of that conversation knows it: by the number and the place of their own report."""
        if MERGED not in case.flags:
            return case
        own = [one for one in await self.store.parties(case.case_id) if one.conversation_id == conversation_id]
        return await self._known_as(case, own[0]) if own else case

    async def _known_as(self, case: Case, party: PartyRow) -> Case:
        origin = await self.store.case(case_id=party.origin_id) if party.origin_id is not None else None
        if origin is None:
            return case
        return attrs.evolve(
            case,
            reference=origin.reference,
            language=origin.language,
            district=origin.district,
            village=origin.village,
            version=origin.version + case.version,
        )

    async def tell_staff(self, staff: Iterable[Staff], update: CaseUpdate) -> tuple[Draft, ...]:
        """Drafts for people who work here, each over the first of their addresses we can reach."""
        drafts = []
        for one in staff:
            conversation = await self.reach(one)
            if conversation is not None:
                drafts.append(self.draft(self.keyring.unit, conversation, update))
        return tuple(drafts)

    async def reach(self, staff: Staff, *, beyond: int | None = None) -> ConversationRow | None:
        """Where a person is told: the first of their addresses whose reply window is open, else the first at all.

        `beyond` is a conversation that cannot be used now: then only those after it count, and only open ones.
        """
        first, passed = None, beyond is None
        for address in staff.addresses:
            channel_id = self.channel_for(address.scheme)
            if channel_id is None:
                continue
            found = await self.people.staff_conversation(channel_id, address, staff.name)
            if passed and self.window_open(found):
                return found
            passed, first = passed or found.id == beyond, first or found
        return first if beyond is None else None

    def window_open(self, conversation: ConversationRow) -> bool:
        """Whether something may be sent there now, as far as the channel's reply window goes."""
        window = self.channels[conversation.channel_id].capabilities.reply_window
        return window is None or (conversation.window_until or 0) >= self.clock() + WINDOW_MARGIN

    async def only_asks_for_waiting(self, conversation: ConversationRow, message: InboundMessage) -> bool:
        """Whether a message is nothing but the yes to "something waits for you": what was held is answer enough."""
        bare = not message.attachments and message.location is None
        if not bare or not self.profile.dialogue.only("yes", message.text):
            return False
        return await self.store.told_of_waiting(conversation.id)

    def speaks(self, channel_id: str) -> bool:
        """Whether anything can be sent on that channel."""
        channel = self.channels.get(channel_id)
        return channel is not None and channel.capabilities.outbound

    def channel_for(self, scheme: str) -> str | None:
        """The first configured channel that can send to addresses of this scheme."""
        return next(
            (
                one.channel_id
                for one in self.channels.values()
                if one.capabilities.outbound and scheme in one.capabilities.schemes
            ),
            None,
        )

    async def _case(self, case_id: int) -> Case:
        found = await self.store.case(case_id=case_id)
        if found is None:
            raise NotFoundError("no such case")
        return found

    async def step(
        self,
        case: Case,
        step: Transition,
        actor: Actor,
        given: Given,
        flags: tuple[str, ...] = (),
        merge: Merge | None = None,
        told: Sequence[Draft] | None = None,
    ) -> Change:
        """What taking a step changes and tells, not yet applied; `told` takes the place of what the table tells.

        Raises `Incomplete` for a merge not prepared.
        """
        if step.target is State.DUPLICATE and merge is None:
            raise Incomplete("a case is merged at the desk, with its parent", ("parent",))
        now = self.clock()
        box = await self.people.box(case.reporter_id)
        added = (*flags, step.flag) if step.flag else flags
        if step.target in CORRECTIONS and case.state is State.EN_ROUTE and INITIAL_ACTION in case.flags:
            added = (*added, CORRECTED)
        now_relieved = (
            (f"relieved@{case.post}",) if step.target is State.INSTRUCTED and case.state in _ON_THE_WAY else ()
        )
        drafts: tuple[Draft, ...] = ()
        # A case that closes by itself closes quietly (domain reference, section 6).
        if told is not None:
            drafts = tuple(told)
        elif step.tells and not (step.target is State.CLOSED and actor.role is Role.SYSTEM):
            template = step.tells

            def words(known: Case) -> CaseUpdate:
                standing = self.wording.standing(known, step.target, known.version + 1)
                return CaseUpdate(template=template, values=self.wording.of_step(known, step, given, now) | standing)

            # Whose report was merged into this one before has been told of a merge already.
            drafts = await self.tell_parties(case, words, own=step.target is State.DUPLICATE)
            if step.target is State.EN_ROUTE:  # leadership may send others while a team is on its way
                known = told_of(await self.store.case_file(case.case_id), step.target, template)
                drafts = tuple(one for one in drafts if one.conversation_id not in known)
        return Change(
            case_id=case.case_id,
            version=case.version,
            now=now,
            fields=CaseFields(
                state=step.target,
                post=given.post,
                flags=tuple(dict.fromkeys((*case.flags, *added))) if added else None,
                **form_fields(case, step.target, given.missing, self.profile),
            ),
            event=self.event(
                box,
                actor,
                EventKind.TRANSITION,
                self.wording.record(given) | reassigned(case, given.post),
                source=step.source,
                target=step.target,
                promised=self.wording.promise(case, step.target, now),
            ),
            drafts=drafts,
            timers=tuple(
                NewTimer(kind="dispatch", instance=f"{what}:{case.version + 1}", due=now)
                for what in (step.target.value, *now_relieved)
            ),
            merge=merge,
        )

    async def guard(self, case: Case, step: Transition, given: Given) -> None:
        """Raise `Incomplete` when a step is legal but something about this case forbids it now."""
        self.wording.check(given)
        if step.roles == {Role.SYSTEM} and not self._refuses(given):
            raise NotAllowed("only leadership says that nothing can be done, unless the profile lets a clock say so")
        if step.source is State.UNDER_REVIEW and step.target is State.RESOLVED:
            self._guard_settling(case)
        if step.source is State.RECEIVED and step.target is State.ANSWERED and given.approved is None:
            raise Incomplete("without the holder only an approved answer is sent: forward the question", ("approved",))
        if step.target is State.CLOSED:
            await self._guard_closing(case)

    def _refuses(self, given: Given) -> bool:
        """Whether a case may be refused by a clock: only for want of an answer, and where the profile says so."""
        return self.clocks.limits.refuse_unanswered and given.reason == Reason.NO_RESPONSE

    def _guard_settling(self, case: Case) -> None:
        """Only what no team may see is settled without one."""
        if case.category not in self.profile.leadership_only:
            raise IllegalTransition("only a complaint about the unit is settled without a team: instruct a post")

    async def _guard_closing(self, case: Case) -> None:
        if INITIAL_ACTION in case.flags and not {CONFIRMED, CORRECTED} & set(case.flags):
            raise Incomplete("leadership has not confirmed the initial action yet", ("confirmation",))
        rows = await self.store.case_file(case.case_id)
        seqs = [one.seq for one in rows.events if one.target is case.state] if rows else []
        if rows and seqs and any(one.event_seq == seqs[-1] and _untold(one) for one in rows.outbox):
            raise Incomplete(
                "the reporter has not been told the outcome yet, and telling has not failed yet", ("told",)
            )


def reassigned(case: Case, post: str | None) -> dict[str, str]:
    """What an event tells of a change of post: who had the case before (lessons, C8)."""
    return {"post": post, "post_before": case.post or "-"} if post is not None and post != case.post else {}


def _untold(row: OutboxRow) -> bool:
    """Whether an outcome may still reach its reporter without their doing."""
    return row.state in _UNTOLD or (row.state == "held" and row.reason == QUIET_HOURS)
