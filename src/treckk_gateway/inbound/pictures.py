"""Copies of pictures that may be shown: made anew from their points, without anything else the file held.

Needs Pillow (the extra `media`). Decoding foreign pictures happens in a process with bounds on time and memory.
"""

from __future__ import annotations

import io
from typing import Any

import attrs

PIXELS = 40_000_000
"""Points of a picture that is decoded; a larger one is shown to nobody."""
LONGEST_SIDE = 2048
THUMBNAIL = 320
_QUALITY = 82
_GPS, _LAT, _LAT_REF, _LNG, _LNG_REF = 0x8825, 2, 1, 4, 3
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@attrs.frozen(kw_only=True)
class Picture:
    """A copy for viewing, as JPEG. `place` is what the file claimed of where it was taken: a hint and no more."""

    content: bytes = attrs.field(repr=False)
    width: int
    height: int
    place: tuple[float, float] | None = attrs.field(default=None, repr=False)


def redraw(content: bytes, longest: int) -> Picture:
    """Decode, turn as the camera was held, shrink, and encode again; no metadata survives.

    Raises `ValueError` for what is no picture, too large, or broken. Run it in a bounded process.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 an extra, and only where pictures are made

    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            _check(opened.width, opened.height)
            place = _place(opened)
            opened.draft("RGB", (longest, longest))
            turned = ImageOps.exif_transpose(opened)
            turned.thumbnail((longest, longest))
            plain = Image.new("RGB", turned.size, "white")
            layers = turned.convert("RGBA")
            plain.paste(layers, mask=layers.getchannel("A"))
    except ValueError:
        raise
    except Exception as problem:  # noqa: BLE001 whatever the file brings about, there is no copy of it
        raise ValueError(f"no picture that can be read ({type(problem).__name__})") from None
    made = io.BytesIO()
    plain.save(made, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(content=made.getvalue(), width=plain.width, height=plain.height, place=place)


def _check(width: int, height: int) -> None:
    if width * height > PIXELS:
        raise ValueError("it has more points than are decoded")


def place_of(content: bytes) -> tuple[float, float] | None:
    """Where a picture claims to have been taken, in degrees north and east; `None` where it says nothing usable."""
    from PIL import Image  # noqa: PLC0415 an extra

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            return _place(opened)
    except Exception:  # noqa: BLE001 whatever the file brings about, it claims nothing
        return None


def _place(opened: Any) -> tuple[float, float] | None:  # noqa: ANN401 Pillow is an extra
    try:
        found = opened.getexif().get_ifd(_GPS)
        lat, lng = _degrees(found[_LAT]), _degrees(found[_LNG])
    except Exception:  # noqa: BLE001 as above
        return None
    lat, lng = (-lat if found.get(_LAT_REF) == "S" else lat), (-lng if found.get(_LNG_REF) == "W" else lng)
    usable = abs(lat) <= 90 and abs(lng) <= 180 and (lat, lng) != (0.0, 0.0)  # noqa: PLR2004 degrees
    return (round(lat, 6), round(lng, 6)) if usable else None


def _degrees(written: Any) -> float:  # noqa: ANN401 rationals of Pillow
    degrees, minutes, seconds = (float(one) for one in written)
    found = degrees + minutes / 60 + seconds / 3600
    if not 0 <= found <= 180:  # noqa: PLR2004 degrees; a NaN fails too
        raise ValueError("no angle")
    return found
