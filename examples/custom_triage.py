"""A triage step of your own, run after the ones that ship: `python examples/custom_triage.py`.

In a gateway you would write `Gateway.from_config(config, triage=[flood])`, or install the step under the entry-point
group `treckk_gateway.triage` and name it in the configuration.
"""

import asyncio
import time

from treckk_gateway.model import Address, Finding, InboundMessage, Subject
from treckk_gateway.profile import load
from treckk_gateway.triage import Pipeline, TriageContext, default_steps


async def flood(subject: Subject, context: TriageContext) -> list[Finding]:
    """Five lines are enough: look, and say what you think and why."""
    if "banjir" not in context.read(subject).formal:
        return []
    return [Finding(step="flood", field="flag", value="flood", confidence=0.9, reason="says 'banjir'")]


async def main() -> None:
    profile = load("balangan")
    pipeline = Pipeline([*default_steps(profile), flood])
    message = InboundMessage(
        dedupe_key="example-1",
        sender=Address("sms", "+6281200000000"),
        text="Pak, banjir di jln desa Marias sdh 2 hari",
    )
    context = TriageContext(profile=profile, now=time.time_ns() // 1_000)
    for one in await pipeline.run(Subject(message=message), context):
        print(f"{one.step:>9}  {one.field} = {one.value}  ({one.confidence:.0%}: {one.reason})")


if __name__ == "__main__":
    asyncio.run(main())
