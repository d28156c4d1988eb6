"""The whole town, ready to be written to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from town import Town


@pytest.fixture
async def make_town(tmp_path):
    """Towns with settings of their own: `await make_town(channels=("whatsapp",), delivery={"timeout": 0.5})`."""
    async with AsyncExitStack() as stack:

        async def make(**tables) -> Town:
            return await stack.enter_async_context(Town(tmp_path, **tables))

        yield make


@pytest.fixture
async def town(make_town: Callable[..., Town]) -> Town:
    """The whole town: WhatsApp, SMS, email and the web."""
    return await make_town()


@pytest.fixture
async def phones(make_town: Callable[..., Town]) -> Town:
    """WhatsApp, SMS and the web: quicker to start, for what mail adds nothing to."""
    return await make_town(channels=("whatsapp", "sms", "web"))
