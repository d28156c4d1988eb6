"""`winmail.dat`: kept as the file it is, and the files in it listed and kept beside it."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from treckk_gateway.adapters.email.mail import open_mail
from treckk_gateway.adapters.email.tnef import files
from treckk_gateway.server.commands.commands import app

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256))


def attribute(level, kind, data):
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def packed(*inner, code_page=1252):
    """A TNEF stream as [MS-OXTNEF] lays it down: its version, its code page, a message class, then each file."""
    rows = [
        attribute(1, 0x00089006, b"\0\0\1\0"),
        attribute(1, 0x00069007, struct.pack("<II", code_page, 0)),
        attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0"),
    ]
    for name, content in inner:
        rows += [attribute(2, 0x00069002, bytes(14)), attribute(2, 0x00018010, name + b"\0")]
        rows += [attribute(2, 0x0006800F, content), attribute(2, 0x00069005, bytes(4))]
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(rows)


def letter(raw, kind="application/ms-tnef"):
    return (
        b"From: budi@example.org\r\nSubject: laporan\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nLihat lampiran.\r\n--b\r\nContent-Type: " + kind.encode() + b"; name=winmail.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(raw) + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/vnd.ms-tnef"])
def test_it_is_kept_whole_and_its_files_beside_it(kind):
    raw = packed((b"foto pasar.jpg", PHOTO), (b"surat.pdf", b"%PDF-1.4"))

    mail = open_mail(letter(raw, kind))

    assert [(one.filename, one.content_type, one.content) for one in mail.files] == [
        ("winmail.dat", kind, raw),
        ("foto pasar.jpg", "image/jpeg", PHOTO),
        ("surat.pdf", "application/pdf", b"%PDF-1.4"),
    ]
    assert (mail.text, mail.unsupported) == ("Lihat lampiran.", None)


def test_the_command_lists_names_types_and_sizes(tmp_path):
    file = tmp_path / "outlook.eml"
    file.write_bytes(letter(packed((b"foto.jpg", PHOTO))))

    done = CliRunner().invoke(app, ["parse-mail", "--json", str(file)])

    assert json.loads(done.stdout)["attachments"][1:] == [
        {"filename": "foto.jpg", "content_type": "image/jpeg", "size": len(PHOTO)}
    ]


@pytest.mark.parametrize(
    ("name", "code_page", "read"),
    [
        (b"..\\..\\etc\\passwd", 1252, "passwd"),
        (b"caf\x82.txt", 850, "caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt"),
        (b"x.txt", 4_294_967_295, "x.txt"),
        (b"", 1252, None),
    ],
)
def test_a_name_is_read_in_its_code_page_and_made_harmless(name, code_page, read):
    assert files(packed((name, b"x"), code_page=code_page)) == [(read, b"x")]


def test_what_is_cut_gives_the_files_that_are_whole():
    raw = packed((b"a.txt", b"first"), (b"b.txt", b"second"))

    assert [one.filename for one in files(raw[: raw.index(b"second") + 3])] == ["a.txt"]
    assert files(raw[:9]) == files(b"no tnef at all") == files(b"") == []


def test_a_size_of_four_gigabytes_is_not_believed():
    assert files(packed((b"a.txt", b"x")) + struct.pack("<BII", 2, 0x0006800F, 0xFFFFFFFF) + b"x") == [("a.txt", b"x")]


def test_no_more_than_a_hundred_files_are_taken_out():
    assert len(files(packed(*[(b"a", b"x")] * 3000))) == 100


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data):
    files(b"\x78\x9f\x3e\x22\x01\x00" + data)
    open_mail(letter(packed((b"a", b"x")) + data))
