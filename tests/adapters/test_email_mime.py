from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.channel import charset, mail_headers, mime
from treckk_gateway.channel.mail_headers import from_base64

ANY_BYTES = st.binary(max_size=300) | st.lists(
    st.sampled_from(
        [
            b"Content-Type: multipart/mixed; boundary=b\r\n",
            b"Content-Type: multipart/mixed; boundary=c\n",
            b"Content-Type: message/rfc822\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Disposition: attachment; filename*1*=x; filename*0*=utf-8''%\r\n",
            b"Subject: =?utf-8?B?4oCT?= =?utf-16?Q?=00?=\r\n",
            b"\r\n", b"\n", b"\r", b"--b\r\n", b"--c\n", b"--b--\r\n", b"--", b"\x00", b"\xff\xfe", b" ", b"=", b"x",
        ]
    ),
    max_size=25,
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "declared", "text"),
    [
        (b"caf\xc3\xa9", "utf-8", "café"),
        (b"caf\xc3\xa9", "uft-8", "café"),
        (b"caf\xc3\xa9", "us-ascii", "café"),
        (b"caf\xc3\xa9", None, "café"),
        (b"caf\xe9", None, "café"),
        (b"caf\xe9", "x-unknown", "café"),
        (b"\x93apa\x94", "iso-8859-1", "“apa”"),
        (b"\x81", "utf-8", "\x81"),
        (b"\x1b$B%F%9%H\x1b(B", "iso-2022-jp", "テスト"),
        (b"words", "1", "words"),
        (b"words", "punycode", "words"),
        (b"a\\u0041", "unicode_escape", "a\\u0041"),
        (b"616263", "hex", "616263"),
        (b"words", "\x00", "words"),
    ],
)
def test_bytes_become_text_by_the_declared_charset_or_a_better_guess(raw, declared, text):
    assert charset.decode_text(raw, declared) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?q?a=5Fb_c?=", "a_b c"),
        (b"=?UTF-8?B?4oI=?=\r\n =?UTF-8?B?rA==?=", "€"),
        (b"a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
        (b'"=?utf-8?q?in_quotes?="', '"in quotes"'),
        (b"=?nonsense?q?caf=E9?=", "café"),
        (b"=?utf-8*id?q?bahasa?=", "bahasa"),
        (b"=?utf-8?x?no?=", "=?utf-8?x?no?="),
        (b"raw \xc3\xa9 and \xe9", "raw Ã© and é"),
        (b"a\x00b\r\n\tc  d", "ab c d"),
        ("\u202eterbalik\u200b".encode(), "terbalik"),
        (b"=?utf-8?B?!!!?=", ""),
    ],
)
def test_a_header_becomes_one_clean_line(raw, text):
    assert mail_headers.decode_header(raw) == text


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        (b'a/b; x=1; Y="two; three"; z=', {"x": "1", "y": "two; three", "z": ""}),
        (b"a/b; f*0=one; f*1=two", {"f": "onetwo"}),
        (b"a/b; f*1=two; f*0*=utf-8'id'%C3%A9; f*2*=%20x", {"f": "étwo x"}),
        (b'a/b; f="=?utf-8?q?surat=C3=A9.pdf?="', {"f": "suraté.pdf"}),
        (b"a/b; f=my file.pdf ; g=1", {"f": "my file.pdf", "g": "1"}),
        (b'a/b; f="never closed; g=1', {"f": "never closed; g=1"}),
        (b"a/b; f=first; f=second", {"f": "first"}),
        (b'a/b; f="back\\"slash"', {"f": 'back"slash'}),
        (b"a/b;;;=;x", {}),
    ],
)
def test_parameters_are_read_as_senders_write_them(raw, parameters):
    assert mail_headers.read_parameters(raw) == (b"a/b", parameters)


@pytest.mark.parametrize(
    ("claimed", "safe"),
    [
        ("foto.jpg", "foto.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\surat.doc", "surat.doc"),
        ("a\r\nb\x00.pdf", "a b.pdf"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("con:out|?.txt", "con_out__.txt"),
        ("...", None),
        ("", None),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_file_name_is_made_harmless(claimed, safe):
    assert mail_headers.safe_filename(claimed) == safe


def test_a_mail_falls_into_its_leaves_in_order():
    raw = (
        b"Subject: s\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n--o\r\n"
        b"Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\r\none\r\n--i\r\nContent-Type: TEXT/HTML\r\n"
        b"\r\n<p>two\r\n--i--\r\n--o  \r\n\r\n--o not a delimiter\r\n--o--\r\nepilogue"
    )

    tree = mime.walk(raw)

    assert [(leaf.content_type, leaf.body) for leaf in tree.leaves] == [
        ("text/plain", b"one"),
        ("text/html", b"<p>two"),
        ("text/plain", b"--o not a delimiter"),
    ]
    assert tree.leaves[0].inside == ("multipart/mixed", "multipart/alternative")
    assert tree.top.header("subject") == "s"


@pytest.mark.parametrize(
    ("raw", "bodies"),
    [
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nnever closed", [b"never closed"]),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nnever opened", [b"never opened"]),
        (b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nno boundary", [b"--b\r\n\r\nno boundary"]),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nunix\n--b--\n", [b"unix"]),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n\r\n--b--", [b"", b""]),
        (b"Subject: x\r\nno blank line before the body\r\n", [b"no blank line before the body\r\n"]),
        (b"From someone Tue Nov 24\nSubject: mbox\n\nbody", [b"body"]),
        (b"", [b""]),
    ],
)
def test_broken_structure_gives_what_is_there(raw, bodies):
    assert [leaf.body for leaf in mime.walk(raw).leaves] == bodies


def test_what_is_over_a_cap_is_kept_in_one_piece():
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(30))
    [deep] = mime.walk(nested + b"\r\nwords").leaves
    assert deep.content_type == "multipart/mixed"
    assert deep.body.endswith(b"words")

    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1000
    leaves = mime.walk(many).leaves
    assert len(leaves) == mime.PARTS
    assert leaves[-1].content_type == "application/octet-stream"
    assert sum(leaf.body.count(b"x") for leaf in leaves) == 1000


def test_a_transfer_encoding_is_undone_even_where_it_is_broken():
    def leaf(encoding, body):
        raw = b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body
        return mime.walk(raw).leaves[0].content()

    assert leaf(b"base64", b"aGFs\r\nbw") == b"halo"
    assert leaf(b"BASE64 ", b"aGFsb*w=====") == b"halo"
    assert leaf(b"base64", b"aGFsbw=A") == b"halo"
    assert leaf(b"quoted-printable", b"a=3D=\r\nb=ZZ=") == b"a=b=ZZ"
    assert leaf(b"x-unheard-of", b"as it is") == b"as it is"


def test_text_is_normalized_in_linear_time():
    marks = "a" + "\u0301\u0316" * 200_000

    began = time.process_time()
    charset.clean(marks)

    assert time.process_time() - began < 1.0
    assert charset.clean("cafe\u0301 \ud800\ufffe") == "café "


@given(raw=ANY_BYTES)
def test_any_bytes_are_taken_apart_without_an_error(raw):
    tree = mime.walk(raw)
    for leaf in (tree.top, *tree.leaves):
        leaf.content()
        text = leaf.text() + (leaf.filename or "") + (leaf.header("subject") or "")
        assert "\x00" not in text
        assert text.encode().decode() == text


names = st.text(st.characters(min_codepoint=32, exclude_categories=["C", "Z"]), min_size=1, max_size=20)
words = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60)


@given(subject=words, text=words, html=st.none() | words, files=st.lists(st.tuples(names, st.binary()), max_size=3))
def test_mail_of_the_standard_library_is_read_as_it_was_written(subject, text, html, files):
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(text)
    if html is not None:
        mail.add_alternative(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="image", subtype="png", filename=f"{name}.png")

    tree = mime.walk(bytes(mail))

    assert tree.top.header("subject") == charset.clean_line(subject)
    assert tree.leaves[0].text().rstrip("\n") == charset.clean(text)
    assert [leaf.content() for leaf in tree.leaves if leaf.content_type == "image/png"] == [one for _, one in files]
    kept = [leaf.filename for leaf in tree.leaves if leaf.disposition == "attachment"]
    assert kept == [mail_headers.safe_filename(f"{name}.png") for name, _ in files]


@given(st.binary(max_size=60) | st.text("AQz9+/=\r\n -é", max_size=60).map(str.encode), st.integers(1, 70))
def test_base64_in_pieces_is_what_it_is_at_once(raw, piece):
    assert from_base64(raw, piece) == from_base64(raw, len(raw) or 1)


@given(st.binary(max_size=60), st.integers(1, 20))
def test_base64_is_decoded_wherever_its_lines_end(content, width):
    written = base64.b64encode(content)
    lines = b"\r\n".join(written[at : at + width] for at in range(0, len(written), width))
    assert from_base64(lines, 7) == content
