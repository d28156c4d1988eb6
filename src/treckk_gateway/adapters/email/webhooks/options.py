"""Settings of the email channel that belong to the service which posts mail to us, and how large a mail may be."""

from __future__ import annotations

from typing import Any

import attrs

from treckk_gateway.model import Secret

MAX_SIZE = 25 * 1024 * 1024
"""Bytes; what larger mail providers let through."""

_SIZES = range(64 * 1024, 100 * 1024 * 1024 + 1)
_SHORTEST_PASSWORD = 16


def within(allowed: range) -> Any:  # noqa: ANN401 an attrs validator
    """Refuse a number outside of these."""

    def check(_: Any, field: attrs.Attribute[int], value: int) -> None:  # noqa: ANN401 attrs passes the instance
        if value not in allowed:
            raise ValueError(f"{field.name}: must lie between {allowed.start} and {allowed.stop - 1}")

    return check


def _logins(_: Any, field: attrs.Attribute[tuple[Secret, ...]], value: tuple[Secret, ...]) -> None:  # noqa: ANN401 attrs passes the instance
    for one in value:
        user, colon, password = one.reveal().partition(":")
        if not user or not colon or len(password) < _SHORTEST_PASSWORD:
            raise ValueError(
                f"{field.name}: is user:password with at least {_SHORTEST_PASSWORD} characters behind the colon"
            )


@attrs.frozen(kw_only=True)
class ServiceOptions:
    """`webhook_secret` is what the service signs with, `webhook_login` the `user:password` in the URL it was given.

    `topics` are the ARNs of SES's topics; SES lays down what is larger in `s3_bucket`, which it has keys for.
    `max_size` is in bytes.
    """

    webhook_secret: tuple[Secret, ...] = ()
    webhook_login: tuple[Secret, ...] = attrs.field(default=(), validator=_logins)
    topics: tuple[str, ...] = ()
    s3_bucket: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: Secret | None = None
    max_size: int = attrs.field(default=MAX_SIZE, validator=within(_SIZES))
