from __future__ import annotations

import re

from treckk_gateway.casework import Ids


def test_ids_are_of_their_form_and_none_comes_twice():
    ids = Ids()
    made = {what: [getattr(ids, what)() for _ in range(1000)] for what in ("new", "pseudonym", "token")}
    forms = {"new": r"[0-9a-f]{20}", "pseudonym": r"P-[A-Z2-7]{8}", "token": r"[a-z2-7]{26}"}
    assert [one for what, all_of_it in made.items() for one in all_of_it if not re.fullmatch(forms[what], one)] == []
    assert all(len(set(all_of_it)) == 1000 for all_of_it in made.values())


def test_chance_is_drawn_from_its_source_in_large_pieces():
    drawn = []

    def source(size):
        drawn.append(size)
        return bytes(range(256)) * (size // 256) + bytes(size % 256)

    ids = Ids(source)
    assert ids.new() == bytes(range(10)).hex()
    assert ids.new() != ids.new()
    assert len(drawn) == 1
