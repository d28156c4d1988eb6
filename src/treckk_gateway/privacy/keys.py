"""Sealing of what people entrust to us.

The gateway's key wraps one key per reporter and one per intake day. Destroying a wrapped key ends everything sealed
under it; a back-up taken before still holds the key and needs an end of its own. Look-ups go through a keyed hash, so
that the store never holds an address in plain.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from treckk_gateway.errors import NotFoundError, StoreUnavailable
from treckk_gateway.model.codec import decode, encode

T = TypeVar("T")

KEY_BYTES = 32
_NONCE_BYTES = 12
_DRAWS = 341
"""How many are drawn at once: nonces for 4 KiB."""
_FORM = b"\x01"


class Draws:
    """Random bytes, `size` at a time, drawn in large pieces.

    Each draw from the system gives the interpreter away to other threads. Files and large bodies are sealed by threads
    of their own: an iterator hands each piece to one of them only. A forked child must not go on with its parent's
    bytes, so they are forgotten there.
    """

    def __init__(self, size: int, random: Callable[[int], bytes] = os.urandom) -> None:
        self._size = size
        self._random = random
        self._drawn: Iterator[bytes] = iter(())
        os.register_at_fork(after_in_child=self._forget)

    def next(self) -> bytes:
        """Bytes nobody got before."""
        for one in self._drawn:
            return one
        pool = self._random(_DRAWS * self._size)
        drawn = iter([pool[at : at + self._size] for at in range(0, len(pool), self._size)])
        one = next(drawn)
        self._drawn = drawn
        return one

    def _forget(self) -> None:
        self._drawn = iter(())


class Box:
    """Seals and opens under one key: AES-256-GCM, a random nonce each time, the purpose as associated data.

    A sealed text is one form byte, 12 bytes of nonce, then the ciphertext with its tag: 29 bytes longer.
    """

    __slots__ = ("_cipher", "_nonces")

    def __init__(self, key: bytes, nonces: Draws) -> None:
        self._cipher = AESGCM(key)
        self._nonces = nonces

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """Seal bytes for one purpose; what is sealed for one cannot be opened as another."""
        nonce = self._nonces.next()
        return _FORM + nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The bytes again. Raises `StoreUnavailable` when the key, the purpose or the bytes are not those sealed."""
        if sealed[:1] != _FORM:
            raise StoreUnavailable("sealed data has an unknown form")
        try:
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], purpose.encode())
        except InvalidTag as problem:
            raise StoreUnavailable("sealed data does not open: wrong secret_key or damaged data") from problem

    def seal_value(self, purpose: str, value: Any) -> bytes:  # noqa: ANN401 any stored value
        """Seal a value as JSON."""
        return self.seal(purpose, encode(value))

    def open_value(self, purpose: str, sealed: bytes, kind: type[T]) -> T:
        """The value again, as `kind`."""
        return decode(self.open(purpose, sealed), kind)


class Keyring:
    """All keys that follow from the gateway's one secret (32 bytes)."""

    def __init__(self, master: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        if len(master) != KEY_BYTES:
            msg = f"the gateway's key is {KEY_BYTES} bytes, not {len(master)}"
            raise ValueError(msg)
        self._random = random
        self._nonces = Draws(_NONCE_BYTES, random)
        self._wrap = AESGCM(_derive(master, "wrap"))
        self._lookup = _derive(master, "lookup")
        self.unit = Box(_derive(master, "unit"), self._nonces)
        """For what belongs to no reporter: staff addresses, patrol cases."""
        self._boxes = lru_cache(maxsize=4096)(self._unwrap)
        self._hashing = lru_cache(maxsize=32)(self._hash_for)

    def new_key(self) -> bytes:
        """A fresh random key, wrapped: the form in which keys are stored."""
        nonce = self._nonces.next()
        return nonce + self._wrap.encrypt(nonce, self._random(KEY_BYTES), b"key")

    def box(self, wrapped: bytes | None) -> Box:
        """The box for a wrapped key.

        Raises `NotFoundError` when the key was destroyed, `StoreUnavailable` when another gateway key wrapped it.
        """
        if wrapped is None:
            raise NotFoundError("the key was destroyed: this person was erased")
        return self._boxes(wrapped)

    def digest(self, purpose: str, text: str) -> bytes:
        """The keyed hash (16 bytes) that stands for a text in look-ups, different for each purpose."""
        hashing = self._hashing(purpose).copy()
        hashing.update(text.encode())
        return hashing.digest()

    def content_name(self, owner: str, content: bytes) -> str:
        """The keyed hash (32 hex digits) a file is stored under: the same file of another reporter has another name."""
        owned = b"content\0" + owner.encode() + b"\0" + content
        return hashlib.blake2b(owned, digest_size=16, key=self._lookup).hexdigest()

    def fingerprint(self) -> str:
        """A short public name of the gateway's key, to notice that data belongs to another one."""
        return hashlib.sha256(b"fingerprint" + self._lookup).hexdigest()[:16]

    def _hash_for(self, purpose: str) -> hashlib.blake2b:
        return hashlib.blake2b(f"{purpose}\0".encode(), digest_size=16, key=self._lookup)

    def _unwrap(self, wrapped: bytes) -> Box:
        try:
            key = self._wrap.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], b"key")
        except InvalidTag as problem:
            raise StoreUnavailable(
                "a key does not open: secret_key is not the one this data was written with"
            ) from problem
        return Box(key, self._nonces)


def _derive(master: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"treckk {use} v1".encode()).derive(master)
