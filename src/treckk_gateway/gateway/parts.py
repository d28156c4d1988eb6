"""The stages and what they share, wired once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

from treckk_gateway.casework import Coordination, Desk
from treckk_gateway.dispatch import Digest, Evidence, Notices, Watch
from treckk_gateway.gateway.doors import Doors
from treckk_gateway.gateway.telemetry import traced
from treckk_gateway.inbound.asking import Asker
from treckk_gateway.inbound.collecting import Collector
from treckk_gateway.inbound.intake import Intake
from treckk_gateway.inbound.intake_keys import IntakeKeys
from treckk_gateway.inbound.media import Files
from treckk_gateway.inbound.parsing import Parser
from treckk_gateway.inbound.receiving import Receiver
from treckk_gateway.inbound.reconciling import Reconciler
from treckk_gateway.inbound.retention import Retention
from treckk_gateway.inbound.showing import Showing
from treckk_gateway.outbound.sending import Sender
from treckk_gateway.outbound.settling import Settler
from treckk_gateway.privacy import Keyring
from treckk_gateway.report import Reports
from treckk_gateway.store import Store, Wakeups
from treckk_gateway.triage.stage import Stage

if TYPE_CHECKING:
    from treckk_gateway.gateway.tracing import Tracing


from treckk_gateway.gateway.plan import Plan


@attrs.frozen(kw_only=True)
class Parts:
    """Everything a gateway is made of."""

    store: Store
    wakeups: Wakeups
    receiver: Receiver
    parser: Parser
    files: Files
    intake: Intake
    asker: Asker
    stage: Stage
    notices: Notices
    watch: Watch
    sender: Sender
    settler: Settler
    reconciler: Reconciler
    doors: Doors
    retention: Retention
    collector: Collector
    showing: Showing
    desk: Desk
    evidence: Evidence
    coordination: Coordination
    reports: Reports
    digest: Digest
    tracing: Tracing | None

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Wire them. Raises `ConfigError` for a triage step nobody installed."""
        keyring = Keyring(plan.settings.master_key(), plan.ids.random)
        store, wakeups = plan.storage(keyring)
        casework = plan.casework(store, keyring, wakeups.hint)
        keys = IntakeKeys(store, keyring)
        parser, files, watch = Parser(keys), plan.files(keyring), Watch(casework=casework)
        collector = plan.collector(casework, files)
        tracing = traced(plan.settings, store, keyring, plan.clock)
        recognise, sender = plan.recognise(), plan.sender(casework)
        if tracing is not None:
            recognise = tracing.triage(recognise)
        erasing = plan.erasing(casework, files)
        reports = Reports(store=store, profile=plan.profile, clock=plan.clock)
        receiver = plan.receiver(casework, keys, tracing)
        return cls(
            store=store,
            wakeups=wakeups,
            receiver=receiver,
            doors=Doors(
                breakers=sender.breakers,
                shut=receiver.shut,
                hint=casework.hint,
                longest=plan.settings.delivery.reopen,
            ),
            reconciler=Reconciler(store=store, receiver=receiver, channels=plan.channels, clock=plan.clock),
            parser=parser,
            files=files,
            intake=plan.intake(casework, parser, files, recognise, watch),
            asker=Asker(casework),
            stage=Stage(casework, recognise),
            notices=Notices(casework),
            watch=watch,
            sender=sender,
            settler=plan.settler(sender),
            retention=plan.retention(store, erasing),
            collector=collector,
            showing=Showing(casework, files, collector.viewer),
            desk=Desk(casework, erasing=erasing),
            coordination=Coordination(casework, files.keep_own),
            evidence=Evidence(casework),
            reports=reports,
            digest=plan.digest(casework, reports),
            tracing=tracing,
        )
