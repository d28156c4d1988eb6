"""What services post, taken apart without trust: JSON and forms. Pure; every oddity is a `PayloadError` or empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import attrs
import msgspec

from treckk_gateway.channel import WebhookRequest
from treckk_gateway.channel.charset import decode_text
from treckk_gateway.channel.mail_headers import read_parameters
from treckk_gateway.channel.mime import Part, walk
from treckk_gateway.errors import PayloadError

_FIELDS = 300


def read_json(body: bytes) -> Any:  # noqa: ANN401 any JSON
    """The JSON in it. Raises `PayloadError`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PayloadError("the request holds no JSON") from None


def part(tree: Any, *path: str | int) -> Any:  # noqa: ANN401 any JSON
    """What lies at that path, `None` where there is no such thing."""
    for step in path:
        if isinstance(step, str):
            tree = tree.get(step) if isinstance(tree, dict) else None
        else:
            tree = tree[step] if isinstance(tree, list) and len(tree) > step else None
    return tree


def text(tree: Any, *path: str | int) -> str:  # noqa: ANN401 any JSON
    """The text at that path; empty where there is none."""
    found = part(tree, *path)
    return found if isinstance(found, str) else ""


def listed(tree: Any, *path: str | int) -> list[Any]:  # noqa: ANN401 any JSON
    """The list at that path; empty where there is none."""
    found = part(tree, *path)
    return found if isinstance(found, list) else []


@attrs.frozen(repr=False)
class Field:
    """One field of a form; a file has a `filename` or a content type of its own."""

    name: str
    value: bytes
    filename: str | None = None
    content_type: str | None = None
    content_id: str | None = None


@attrs.frozen(repr=False)
class Form:
    """A posted form, its fields in the order written."""

    fields: tuple[Field, ...]

    def raw(self, name: str) -> bytes | None:
        """The first field of that name."""
        return next((one.value for one in self.fields if one.name == name), None)

    def text(self, name: str, charset: str | None = None) -> str:
        """The same as text; empty where there is none."""
        return decode_text(self.raw(name) or b"", charset)

    def only(self, name: str) -> str | None:
        """The text of a field that proves something; `None` when it is missing or there twice."""
        found = [one.value for one in self.fields if one.name == name]
        return decode_text(found[0], None) if len(found) == 1 else None


def read_form(request: WebhookRequest) -> Form:
    """The form in it, in parts or in one line. Raises `PayloadError` where there is none."""
    content_type = (request.header("content-type") or "").encode("latin-1", "replace")[:1000]
    kind = read_parameters(b" " + content_type)[0]
    if kind == b"application/x-www-form-urlencoded":
        return Form(tuple(_pairs(request.body)))
    if kind != b"multipart/form-data" or b"\n" in content_type:
        raise PayloadError("the request holds no form")
    leaves = walk(b"Content-Type: " + content_type + b"\r\n\r\n" + request.body).leaves
    return Form(tuple(found for leaf in leaves if (found := _field(leaf)) is not None))


def _pairs(body: bytes) -> Iterator[Field]:
    if body.count(b"&") > _FIELDS:
        raise PayloadError("the form has too many fields")
    for pair in body.split(b"&"):
        name, equals, value = pair.partition(b"=")
        if equals:
            yield Field(_plain(name).decode("utf-8", "replace"), _plain(value))


def _plain(written: bytes) -> bytes:
    return unquote_to_bytes(written.replace(b"+", b" "))


def _field(leaf: Part) -> Field | None:
    claimed = leaf.named.get("content-disposition")
    disposition, claims = read_parameters(claimed) if claimed else (b"", {})
    name = claims.get("name", "")
    if disposition != b"form-data" or not name:
        return None
    typed = "content-type" in leaf.named
    return Field(
        name=name,
        value=leaf.body,
        filename=leaf.filename,
        content_type=leaf.content_type if typed else None,
        content_id=leaf.header("content-id"),
    )
