"""Values to bytes and back: msgspec over the frozen attrs classes.

Converters do not run on decode and fields that begin with an underscore are left out on encode (msgspec with attrs),
so stored values have neither.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


def encode(value: Any) -> bytes:  # noqa: ANN401 any stored value
    """The value as UTF-8 JSON bytes. Key order is not stable: never sign or hash it."""
    return _encode(value)


@lru_cache(maxsize=128)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("Any", kind))


def decode(data: bytes, kind: type[T]) -> T:
    """The value of type `kind` that `encode` wrote. Raises `ValueError` when the bytes hold something else."""
    return cast("T", _decoder(cast("Hashable", kind)).decode(data))
