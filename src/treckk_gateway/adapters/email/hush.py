"""Keeps libraries from logging what stands in mails."""

from __future__ import annotations

import logging


class Hush:
    """Keeps a library from logging addresses and lines of mails, which it does below ERROR, until it is lifted.

    A filter, not a level: levels are the host's.
    """

    def __init__(self, *names: str) -> None:
        self._loggers = [logging.getLogger(one) for one in names]
        for one in self._loggers:
            one.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be written."""
        return record.levelno >= logging.ERROR

    def lift(self) -> None:
        """Let it speak again."""
        for one in self._loggers:
            one.removeFilter(self)
