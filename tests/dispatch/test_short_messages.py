"""Whatever is answered, one short message holds it, and the menu survives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.casework.menus import Menu, Option, menu_of, menu_values, reply, short_message
from treckk_gateway.model import Act
from treckk_gateway.profile.templates import fits

LABELS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(st.text(max_size=2000), st.lists(LABELS, max_size=18))
def test_an_answer_is_one_short_message(text, labels):
    update = reply(text, "", Menu(options=tuple(Option(act=Act.DEPART, label=one) for one in labels)))
    assert fits(update.values["isi_singkat"])
    assert update.values["isi_singkat"].isascii()


def test_the_text_gives_way_to_the_menu():
    short = short_message("Perintah " * 40, "1 Berangkat 2 Selesai")
    assert short.endswith("... 1 Berangkat 2 Selesai")
    assert len(short) <= 160


def test_a_menu_is_read_back_as_it_was_shown():
    menu = Menu(case_id=7, options=(Option(act=Act.INSTRUCT, label="Instruksikan ke Mako", given={"post": "mako"}),))
    assert menu_of(menu_values(menu, "Balas:", "balas")) == menu
    assert menu_of(reply("x", "", menu).values) == menu
    assert menu_of(reply("x", "", lines=("satu", "dua")).values) is None
