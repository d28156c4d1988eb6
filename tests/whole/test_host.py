"""Embedded in somebody's loop: nothing of the host's is touched, and nothing of ours stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from folk import BUDI, COMPLAINT, PUBLIC, SITI, number_in
from town import Town

from treckk_gateway import Gateway
from treckk_gateway.dispatch import Watch
from treckk_gateway.errors import StoreLocked, StoreUnavailable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1)


def of_the_host():
    """Everything of the process that is the host's to decide on."""
    loop = asyncio.get_running_loop()
    return {
        "executor": loop._default_executor,
        "exception handler": loop.get_exception_handler(),
        "task factory": loop.get_task_factory(),
        "debug": loop.get_debug(),
        "signals": {one: signal.getsignal(one) for one in SIGNALS},
        "wakeup": signal.set_wakeup_fd(signal.set_wakeup_fd(-1)),
        "root": (logging.root.level, tuple(logging.root.handlers), tuple(logging.root.filters), logging.root.disabled),
        "disabled": logging.root.manager.disable,
        "showwarning": warnings.showwarning,
        "structlog": structlog.get_config(),
        "umask": os.umask(os.umask(0o022)),
        "folder": str(Path.cwd()),
    }


def left_behind():
    """Threads, child processes and tasks."""
    threads = {one.name for one in threading.enumerate() if one is not threading.main_thread()}
    return threads, {one.pid for one in multiprocessing.active_children()}, len(asyncio.all_tasks())


def opened_below(folder):
    """Open files below a folder."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the descriptor of this very listing
            found.append(one.readlink())
    return [one for one in found if one.is_relative_to(folder)]


async def busy(town):
    """Something on every channel, so that everything is loaded, opened and used."""
    for way in ("whatsapp", "sms", "email", "web"):
        await town.write(way, BUDI, COMPLAINT)
    await town.settled()
    assert town.heard("email", BUDI)


async def test_the_host_is_as_it_was_and_nothing_of_ours_stays(tmp_path):
    before, around = of_the_host(), left_behind()
    async with Town(tmp_path) as town:
        await busy(town)
        during = of_the_host()
        assert len(left_behind()[0]) > len(around[0])
    for _ in range(200):
        if left_behind() == around:
            break
        await asyncio.sleep(0.01)  # threads of a pool that is shut down end by themselves

    assert during == before
    assert of_the_host() == before
    assert left_behind() == around
    assert opened_below(tmp_path) == []


async def test_the_hosts_own_thread_pool_serves_it_before_while_and_after(tmp_path):
    with ThreadPoolExecutor(1, thread_name_prefix="host") as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        async with Town(tmp_path, channels=("whatsapp", "web")) as town:
            await town.write("web", BUDI, COMPLAINT)
            await town.hears("web", BUDI, 1)
            names = [await asyncio.to_thread(lambda: threading.current_thread().name)]
        names.append(await asyncio.to_thread(lambda: threading.current_thread().name))

        assert names == ["host_0", "host_0"]
        assert asyncio.get_running_loop()._default_executor is pool


async def test_levels_the_host_set_for_other_libraries_stay(tmp_path):
    logger = logging.getLogger("mail.log")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        async with Town(tmp_path, channels=("email",)):
            pass
        assert logger.level == logging.WARNING
    finally:
        logger.setLevel(level)


async def test_one_folder_can_be_opened_again_and_again(tmp_path):
    town = Town(tmp_path)
    async with town:
        await town.write("whatsapp", BUDI, COMPLAINT)
        reference = number_in((await town.hears("whatsapp", BUDI, 1))[0])
        for count in (2, 3):
            await town.stop()
            await town.start()
            await town.write("whatsapp", BUDI, f"Masih ramai, pesan ke-{count}")
            await town.settled()
        texts = [one["text"] for one in (await town.case(reference))["messages"] if one["direction"] == "in"]

    assert texts == [COMPLAINT, "Masih ramai, pesan ke-2", "Masih ramai, pesan ke-3"]


async def test_a_gateway_that_was_closed_is_not_opened_again(tmp_path):
    async with Town(tmp_path, channels=("web",)) as town:
        gateway = town.gateway
        await town.stop()
        with pytest.raises(StoreUnavailable):
            await gateway.__aenter__()
        await town.start()
        await town.write("web", BUDI, COMPLAINT)
        await town.hears("web", BUDI, 1)


async def test_what_waits_when_it_stops_is_done_after_the_next_start(tmp_path):
    async with Town(tmp_path, channels=("whatsapp", "web")) as town:
        gateway = Gateway.from_config(town.settings(), clock=town.clock.now, working=False)
        request = town.twilio_request("whatsapp", town.message_pairs("SM" + "1" * 32, BUDI, COMPLAINT))
        await town.stop()
        async with gateway:
            assert (await gateway.receive("whatsapp", request)).status == 200
            assert (await gateway.counters())["new"] == 1
        await town.start()

        await town.hears("whatsapp", BUDI, 1)


async def test_two_gateways_in_one_loop_know_nothing_of_each_other(tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    async with Town(folders[0]) as one, Town(folders[1]) as other:
        await asyncio.gather(one.write("email", BUDI, COMPLAINT), other.write("email", SITI, COMPLAINT))
        await one.hears("email", BUDI, 1)
        await other.hears("email", SITI, 1)
        assert (one.heard("email", SITI), other.heard("email", BUDI)) == ([], [])
        assert [len(await town.cases()) for town in (one, other)] == [1, 1]
        await one.stop()

        await other.write("web", SITI, "halo")
        await other.hears("web", SITI, 1)
        await one.start()
        await one.write("web", BUDI, "halo")
        await one.hears("web", BUDI, 1)


async def test_two_gateways_on_one_folder_are_refused(tmp_path):
    async with Town(tmp_path, channels=("web",)) as town:
        with pytest.raises(StoreLocked, match="another process uses this data folder"):
            async with Gateway.from_config(town.settings()):
                pass
        await town.write("web", BUDI, COMPLAINT)
        await town.hears("web", BUDI, 1)


async def test_a_start_that_fails_halfway_gives_everything_back(tmp_path, monkeypatch):
    around = left_behind()
    town = Town(tmp_path, channels=("email",))
    async with town:
        await town.stop()
        with monkeypatch.context() as broken:
            broken.setattr(Watch, "recount", fail)
            with pytest.raises(ZeroDivisionError):
                await town.start()
            await town.stop()
            assert opened_below(tmp_path) == []
        with socket.create_server(("127.0.0.1", town._lmtp)):
            pass
        await town.start()
        await town.write("email", BUDI, COMPLAINT)
        await town.hears("email", BUDI, 1)
    for _ in range(200):
        if left_behind() == around:
            break
        await asyncio.sleep(0.01)
    assert left_behind() == around


async def fail(*_):
    raise ZeroDivisionError


async def fail_inside(gateway):
    async with gateway:
        raise ZeroDivisionError


async def test_a_failure_of_the_host_inside_frees_the_folder(tmp_path):
    town = Town(tmp_path, channels=("web",))
    async with town:
        settings = town.settings()
        await town.stop()
        with pytest.raises(ZeroDivisionError):
            await fail_inside(Gateway.from_config(settings))
    async with Gateway.from_config(settings) as gateway:
        assert (await gateway.health()).ready
        assert gateway.webhook_url("web") == f"{PUBLIC}/channels/web"
    assert not (await gateway.health()).ready
