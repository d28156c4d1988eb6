"""How each part of a gateway is made from settings and profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from treckk_gateway.casework import Casework, Clock, Clocks, Erasing, Ids, People, Roster, Wording
from treckk_gateway.casework.surroundings import Beside, Recognise
from treckk_gateway.channel import Channel
from treckk_gateway.dispatch import Acts, Digest, Watch
from treckk_gateway.gateway.storage import Storage, storage
from treckk_gateway.inbound.collecting import Collector
from treckk_gateway.inbound.fetching import Fetcher
from treckk_gateway.inbound.intake import Intake
from treckk_gateway.inbound.intake_keys import IntakeKeys
from treckk_gateway.inbound.media import Files
from treckk_gateway.inbound.parsing import Parser
from treckk_gateway.inbound.receiving import Receiver
from treckk_gateway.inbound.retention import Retention
from treckk_gateway.inbound.spool import Spool
from treckk_gateway.inbound.viewing import Viewer
from treckk_gateway.model import Finding, Subject
from treckk_gateway.outbound.backoff import Policy
from treckk_gateway.outbound.breaker import Breakers
from treckk_gateway.outbound.rendering import Renderer
from treckk_gateway.outbound.sending import Sender
from treckk_gateway.outbound.settling import Settler
from treckk_gateway.outbound.turns import Turns
from treckk_gateway.privacy import Keyring
from treckk_gateway.profile import Profile
from treckk_gateway.report import Reports
from treckk_gateway.settings import Settings
from treckk_gateway.store import Store
from treckk_gateway.triage import Pipeline, Step, TriageContext, load_steps

if TYPE_CHECKING:
    from treckk_gateway.gateway.tracing import Tracing


@attrs.frozen(kw_only=True)
class Plan:
    """What the parts are made from."""

    settings: Settings
    profile: Profile
    channels: Mapping[str, Channel]
    triage: tuple[Step, ...]
    clock: Clock
    ids: Ids

    def storage(self, keyring: Keyring) -> Storage:
        """The store and what wakes work on it."""
        return storage(self.settings, keyring.fingerprint(), self.clock)

    def casework(self, store: Store, keyring: Keyring, hint: Callable[[], None]) -> Casework:
        """What decides about cases."""
        profile = self.profile
        clocks = Clocks(
            calendar=profile.calendar,
            limits=profile.limits.replaced(self.settings.clocks),
            service=profile.leadership_only,
        )
        wording = Wording(profile, clocks)
        return Casework(
            store=store,
            keyring=keyring,
            people=People(store, keyring, self.clock, self.ids),
            roster=Roster(self.settings.staff, lambda: wording.today(self.clock())),
            profile=self.profile,
            channels=self.channels,
            clock=self.clock,
            ids=self.ids,
            hint=hint,
            wording=wording,
            clocks=clocks,
        )

    def recognise(self) -> Recognise:
        """The triage pipeline over one message."""
        settings = self.settings.triage
        named = load_steps(settings.steps, self.profile, where=str(self.settings.source or "settings"))
        pipeline = Pipeline((*named, *self.triage), settings.budget)

        async def recognise(subject: Subject, beside: Beside | None = None) -> Sequence[Finding]:
            return await pipeline.run(subject, TriageContext(profile=self.profile, now=self.clock()), beside)

        return recognise

    def alarm(self) -> Recognise:
        """The look for danger alone."""
        pipeline = Pipeline(load_steps(("urgency",), self.profile), self.settings.triage.budget)

        async def alarm(subject: Subject, beside: Beside | None = None) -> Sequence[Finding]:  # noqa: ARG001 none needed
            return await pipeline.run(subject, TriageContext(profile=self.profile, now=self.clock()))

        return alarm

    def files(self, keyring: Keyring) -> Files:
        """The folder of sealed files."""
        return Files(self.settings.data_dir / "files", keyring, scanned=self.settings.media.clamd is not None)

    def collector(self, casework: Casework, files: Files) -> Collector:
        """What fetches files and looks at them."""
        return Collector(
            casework=casework,
            channels=self.channels,
            files=files,
            fetcher=Fetcher(),
            viewer=Viewer(),
            settings=self.settings.media,
        )

    def receiver(self, casework: Casework, keys: IntakeKeys, tracing: Tracing | None) -> Receiver:
        """The way in."""
        return Receiver(
            store=casework.store,
            keyring=casework.keyring,
            people=casework.people,
            keys=keys,
            channels=self.channels,
            clock=self.clock,
            hint=casework.hint,
            max_body=self.settings.max_body,
            spool=self.spool(casework.keyring),
            noted=None if tracing is None else tracing.noted,
        )

    def spool(self, keyring: Keyring) -> Spool | None:
        """Where requests wait while the database is away."""
        settings = self.settings
        if settings.spool_dir is None:
            return None
        return Spool(
            settings.spool_dir,
            keyring=keyring,
            clock=self.clock,
            unique=self.ids.new,
            limit=int(settings.spool_size * 1_000_000),
            retry=settings.spool_retry,
            queue_limit=settings.queue_limit,
            queue_age=settings.queue_age,
        )

    def sender(self, casework: Casework) -> Sender:
        """The way out."""
        delivery = self.settings.delivery
        policy = Policy(**{field.name: getattr(delivery, field.name) for field in attrs.fields(Policy)})
        return Sender(
            casework=casework,
            channels=self.channels,
            renderer=Renderer(self.profile, casework.wording),
            breakers=Breakers(self.clock, threshold=delivery.pause_after, pause=delivery.pause),
            turns=Turns(self.settings.engine.slots, len(self.channels)),
            policy=policy,
            timeout=delivery.timeout,
            overrun=delivery.overrun,
        )

    def settler(self, sender: Sender) -> Settler:
        """What sees to sends nobody knows the end of."""
        delivery = self.settings.delivery
        return Settler(sender=sender, interval=delivery.settle_every, patience=delivery.look_up, policy=delivery.settle)

    def intake(self, casework: Casework, parser: Parser, files: Files, recognise: Recognise, watch: Watch) -> Intake:
        """What makes a message part of a case."""
        return Intake(
            casework=casework,
            channels=self.channels,
            parser=parser,
            files=files,
            recognise=recognise,
            alarm=self.alarm(),
            limit=self.settings.senders,
            act=Acts(casework).take,
            clocks=watch.first,
        )

    def erasing(self, casework: Casework, files: Files) -> Erasing:
        """What forgets a reporter."""
        kept = self.settings.retention
        return Erasing(casework=casework, remove=files.remove, keep_days=kept.keep_days(), warn_days=kept.warn_days)

    def retention(self, store: Store, erasing: Erasing) -> Retention:
        """What ends requests and reporters whose time is over."""
        days = self.settings.retention.parked_days
        return Retention(store=store, clock=self.clock, parked_days=days, expire=erasing.expire)

    def digest(self, casework: Casework, reports: Reports) -> Digest:
        """What tells leadership how it goes."""
        told = self.settings.digest
        return Digest(
            casework=casework,
            reports=reports,
            hour=told.hour,
            daily=told.daily,
            weekly=told.weekly,
            works=self.profile.calendar.works,
        )
