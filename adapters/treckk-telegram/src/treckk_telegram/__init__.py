"""Telegram, by its Bot API: people write to a bot. Facts: "Telegram Bot API" (core.telegram.org/bots/api)."""

from treckk_telegram.channel import TelegramChannel, TelegramOptions

__all__ = ["TelegramChannel", "TelegramOptions"]
