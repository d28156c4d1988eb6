"""Logging of the standalone server: one JSON object a line on standard output, from an allow-list of keys."""

from __future__ import annotations

import logging

import orjson
import structlog

from treckk_gateway.privacy.redaction import redact


def configure_logging(level: int = logging.INFO) -> None:
    """Set up structlog, and route what other libraries warn of through it. For our own commands only."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Forwarding(logging.WARNING)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _Forwarding(logging.Handler):
    """Tells that another library complained, and where: its own words may hold addresses or what somebody wrote."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).warning(
            "library.warned",
            logger=record.name,
            source=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info or None,
        )
