"""What somebody types to find cases."""

from __future__ import annotations

import pytest

from treckk_gateway.casework.searching import wanted
from treckk_gateway.profile import load

JUAI, JUAI_VILLAGE = "63.11.01", "63.11.01.2003"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", ()),
        ("TRK-2611-00042", (("TRK-2611-00042",),)),
        ("trk-2611-00042", (("TRK-2611-00042",),)),
        ("tertib_jalan", (("tertib_jalan",),)),
        (JUAI, ((JUAI,),)),
        ("juai", ((JUAI, JUAI_VILLAGE),)),
        ("Kecamatan Juai", ((JUAI,),)),
        ("desa juai", ((JUAI_VILLAGE,),)),
        ("Batu Mandi", (("63.11.04",),)),
        ("pedagang kaki lima", (("pkl",),)),
        ("Street vendors", (("pkl",),)),
        ("ternak berkeliaran paringin selatan", (("ternak",), ("63.11.07",))),
        ("juai TRK-2611-00042", ((JUAI, JUAI_VILLAGE), ("TRK-2611-00042",))),
        ("desa", (("desa",),)),
        ("'; --", (("';",), ("--",))),
    ],
)
def test_names_become_codes_and_everything_else_is_one(q, found):
    assert wanted(load("balangan"), q) == found
