"""`treckk doctor`: what an operator should mend before citizens find out, each with what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from treckk_gateway.channel import registry
from treckk_gateway.gateway import Gateway
from treckk_gateway.model import Role, Staff
from treckk_gateway.server import control
from treckk_gateway.server.doctor import database, host, network, running
from treckk_gateway.server.doctor.checked import Checked, trouble
from treckk_gateway.server.pages import form
from treckk_gateway.settings import Settings

__all__ = ["Checked", "examine"]


async def examine(settings: Settings, *, reach: bool = True) -> Sequence[Checked]:
    """Everything looked at, in order. The configuration itself was read already.

    Without `reach` nothing but this machine and the database is asked. Raises `ConfigError` and `ProfileError` for what
    a server would refuse too: a profile that is not there, a post it does not have, a channel's settings.
    """
    gateway = Gateway.from_config(settings, working=False)
    served = control.is_served(settings.data_dir / control.NAME)
    # Of several servers over one folder one has its socket; any other answers at its port.
    beside = not served and settings.database is not None and host.is_gateway(settings.listen)
    found = [
        host.key(settings),
        *host.secret_files(settings),
        *host.data_dir(settings.data_dir),
        *host.spool(settings),
        *database.examined(settings, served=served),
        host.port(settings, running=served or beside),
        *host.listeners(settings, running=served or beside),
        host.public_url(settings.public_url),
        host.clock(settings.data_dir),
        *_staff(settings),
        *_unheard(settings.staff, [one.capabilities.schemes for one in gateway.channels.values()]),
        *_adapters(),
    ]
    if reach:
        found += [*await network.reached(settings), *await _channels(settings, gateway)]
    if served or beside:
        found += await running.asked(settings, socket=served)
    return found


def _adapters() -> Iterator[Checked]:
    broken = registry.broken()
    yield Checked(what="adapters", found=", ".join(sorted(registry.installed().keys() - broken)) or "none")
    for name, reason in broken.items():
        remedy = "install a version of that package that fits, or uninstall it"
        yield trouble(f"adapter {name}", "cannot be used", reason, remedy)


async def _channels(settings: Settings, gateway: Gateway) -> list[Checked]:
    problems = await gateway.check()
    if not gateway.channels:
        return [trouble("channels", "none", "no channel is configured", "add a [channels.NAME] table")]
    # The form's reporters have their status page, so its channel needs no way back.
    quiet = {one.channel_id for one in settings.channels if form.opens(one) and one.options.callback_url is None}
    found = []
    for channel_id, channel in gateway.channels.items():
        own = [problem for name, problem in problems if name == channel_id and name not in quiet]
        what = f"channel {channel_id}"
        found += [Checked(what=what, found=channel.kind, problem=one) for one in own]
        if not own:
            found.append(Checked(what=what, found=f"{channel.kind}, webhooks at {gateway.webhook_url(channel_id)}"))
    return found


def _unheard(staff: Sequence[Staff], spoken: Sequence[Collection[str]]) -> Iterator[Checked]:
    """People whom nobody can tell anything and who can do nothing; a broken channel might speak whatever it likes."""
    reached = {scheme for schemes in spoken for scheme in schemes}
    for one in staff:
        schemes = {address.scheme for address in one.addresses}
        if one.token_sha256 is None and not schemes & reached and all(spoken):
            lacks = f"no channel speaks {' or '.join(sorted(schemes))}" if schemes else "no address"
            remedy = "configure a channel that reaches one of the addresses, or give the entry a token_sha256"
            yield trouble(
                f"staff entry {one.name}", f"{lacks}, and no token", "is told nothing and can do nothing", remedy
            )


def _staff(settings: Settings) -> Iterator[Checked]:
    roles = {one.role for one in settings.staff}
    found = f"{len(settings.staff)} entries"
    for role, without in ((Role.ADMIN, "nobody can work on cases"), (Role.LEADERSHIP, "nobody can instruct a team")):
        if role not in roles:
            yield trouble("staff", found, without, f'add a [[staff]] entry with role = "{role}"')
    if roles >= {Role.ADMIN, Role.LEADERSHIP}:
        yield Checked(what="staff", found=found)
