"""A copy for viewing, of each kind of picture: small, and without a word of what the file held besides."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin

from treckk_gateway.inbound.pictures import LONGEST_SIDE, THUMBNAIL, place_of, redraw

MARKS = (b"KAMERA", b"RUMAH", b"Exif", b"xmp")


def written(form, size=(3000, 200)):
    """A picture with a camera's name, a place and a comment in it, as far as its form holds such."""
    data, made, text = Image.Exif(), io.BytesIO(), PngImagePlugin.PngInfo()
    data[0x010F] = "KAMERA"
    data[0x8825] = {1: "S", 2: (2.0, 20.0, 2.4), 3: "E", 4: (115.0, 29.0, 7.8)}
    text.add_text("Comment", "RUMAH")
    more = {"JPEG": {"exif": data, "comment": "RUMAH"}, "PNG": {"exif": data, "pnginfo": text}}
    more |= {"WEBP": {"exif": data, "xmp": b"<x:xmpmeta>RUMAH"}, "GIF": {"comment": "RUMAH"}}
    Image.new("RGB", size, "green").save(made, form, **more[form])
    return made.getvalue()


@pytest.mark.parametrize("longest", [LONGEST_SIDE, THUMBNAIL])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_copy_is_bounded_and_holds_nothing_but_the_picture(form, longest):
    original = written(form)
    assert any(mark in original for mark in MARKS)

    copy = redraw(original, longest)

    assert Image.open(io.BytesIO(copy.content)).format == "JPEG"
    assert max(copy.width, copy.height) == longest
    assert not any(mark in copy.content for mark in MARKS)
    assert not Image.open(io.BytesIO(copy.content)).getexif()
    assert copy.place == place_of(original) == (None if form == "GIF" else (-2.334, 115.4855))


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x00\x18ftypheic" + bytes(64),
        b"\x00\x00\x00\x18ftypisom" + bytes(64),
        b"%PDF-1.4 /Author (RUMAH)",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\xff\xd8\xff\xe0cut",
        b"",
    ],
    ids=["heic", "video", "pdf", "svg", "cut", "empty"],
)
def test_of_anything_else_there_is_no_copy_to_pass_on(content):
    with pytest.raises(ValueError, match="no picture"):
        redraw(content, THUMBNAIL)
    assert place_of(content) is None
