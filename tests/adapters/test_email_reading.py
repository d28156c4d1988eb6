from __future__ import annotations

import time
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.adapters.email.mail import open_mail
from treckk_gateway.adapters.email.mailbox import Mailbox
from treckk_gateway.adapters.email.plain import plain
from treckk_gateway.adapters.email.quoting import own_words
from treckk_gateway.adapters.email.reading import NOBODY, fingerprint, read_mail
from treckk_gateway.errors import PayloadError, Scope
from treckk_gateway.model import DeliveryState, InboundMessage, codec

SAMPLES = Path(__file__).parents[1] / "samples" / "email"
BOX = Mailbox.of("aduan@example.go.id")
HTML_ONLY = """Ada warung buka 24 jam & bising.

- Lokasi: peta (https://maps.example.org/?q=-2.33,115.46)
- Sejak: Senin

Jam 22.00"""
TOKEN = "k7q2m4x5z3a6b2c7d4e5f6g7h2"
OURS = "<0123456789abcdef0123@example.go.id>"


def sample(name):
    return (SAMPLES / f"{name}.eml").read_bytes()


def read(raw, envelope_from="x@example.org", envelope_to="aduan@example.go.id"):
    raw = raw.encode() if isinstance(raw, str) else raw
    return read_mail(raw, envelope_from, envelope_to, BOX)


def only(raw, *envelope):
    [message] = read(raw, *envelope)
    return message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain_id", "Selamat siang,\n\nAda parkir liar di depan pasar sejak pagi, jalan jadi macet.\n\nBudi"),
        ("gmail_reply_id", "Lokasinya di Jl. Ahmad Yani, samping masjid \u2013 sejak kemarin."),
        ("outlook_reply_en", "It is the second house after the bridge.\n\nRegards,\nSam"),
        ("outlook_reply_html_id", "Tambahan: pelakunya memakai truk hijau."),
        ("bottom_posted_en", "Behind the bus station, next to the blue kiosk.\n\nThis morning."),
        ("iphone_reply_id", "Sudah bersih, terima kasih 🙏"),
        ("broken_charset", "Sampah menumpuk di depan café “Melati”."),
        ("unknown_charset", "Bau di café sebelah."),
        ("no_message_id", "Apakah ada yang membaca ini?"),
        ("photo", "Bangunan liar di bantaran sungai.\n\nKiriman dari grup warga."),
        ("forwarded_as_attachment", "Ada balapan liar tiap malam Minggu di jalan lingkar."),
        ("html_only", HTML_ONLY),
    ],
)
def test_the_words_of_a_mail_are_the_senders_own(name, text):
    assert only(sample(name)).text == text


@pytest.mark.parametrize(
    ("name", "sender", "sender_name", "subject"),
    [
        ("plain_id", "budi@example.org", "Budi Santoso", "Parkir liar di depan pasar"),
        ("outlook_reply_en", "sam.taylor@example.org", "Taylor, Sam", "RE: [TRK-2611-00042] We need more details"),
        ("encoded_words", "haji@example.org", "Hàji Éng", "Laporan \u2013 kerusakan \u2013 jalan café🙏"),
        ("broken_charset", "tomo@example.org", "Tomo", "Sampah di café “Melati”"),
        ("no_message_id", "anon@example.org", None, "Tanpa nomor"),
        ("forwarded_as_attachment", "rt05@example.org", "Ketua RT", "Fwd: Keluhan warga"),
    ],
)
def test_sender_and_subject_are_decoded(name, sender, sender_name, subject):
    message = only(sample(name))

    assert message.sender.text == f"mailto:{sender}"
    assert message.sender_name == sender_name
    assert message.subject == subject


def test_a_mail_brings_its_ids_time_and_files():
    message = only(sample("plain_id"))
    assert message.message_id == "<CAF00001@mail.example.org>"
    assert message.claimed_at == 1_795_496_401_000_000
    assert message.recipient == "aduan@example.go.id"
    assert not message.automatic

    files = only(sample("encoded_words")).attachments
    assert [(one.kind, one.filename, one.content) for one in files] == [
        ("image", "foto jálan rusak.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF"[:4] + b"\x00\x10JFIF"),
        ("document", "passwd..surat.pdf", b"%PDF-1.4\n"),
    ]


def test_a_missing_id_and_an_absurd_date_are_none():
    message = only(sample("no_message_id"))

    assert message.message_id is None
    assert message.claimed_at is None


def test_what_was_cut_from_a_reply_goes_along_as_a_file():
    message = only(sample("gmail_reply_id"))

    [full] = message.attachments
    assert full.filename == "full-text.txt"
    assert b"Mohon lengkapi lokasi laporan" in full.content
    assert full.content.startswith(message.text.encode())


def test_a_reply_of_nothing_but_quotes_is_shown_whole():
    assert "Laporan Bapak/Ibu telah kami terima." in only(sample("only_quoted")).text


def test_a_forwarded_complaint_is_not_cut():
    message = only(sample("forwarded_id"))

    assert message.text.endswith("Ada balapan liar tiap malam Minggu di jalan lingkar.")
    assert message.sender.value == "rt05@example.org"


def test_a_first_mail_is_never_cut():
    words = "Tetangga menulis:\n> saya bakar sampah tiap hari\nItu kata dia."

    assert only(f"From: a@example.org\r\nSubject: Asap\r\n\r\n{words}").text == words
    assert only(f"From: a@example.org\r\nSubject: Re: Asap\r\n\r\n{words}").text == "Tetangga menulis:\nItu kata dia."


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Ya.\n\nPada 24 Nov 2026 13.45, Aduan menulis:\nkutipan tanpa tanda", "Ya."),
        ("Ya.\n\nOn Tue, Nov 24, 2026 at 1:45 PM Desk <a@b.org> wrote:\n> q\n> q", "Ya."),
        ("Ya.\nPada hari Sel, 24 Nov\n2026 pukul 13.45\nAduan <a@b.org> menulis:\n\n> q\n\nTidak.", "Ya.\n\nTidak."),
        ("Ya.\n-----Pesan Asli-----\nDari: x", "Ya."),
        ("Ya.\n----- Original Message -----\nFrom: x", "Ya."),
        ("Ya.\n*Dari:* Aduan\n*Dikirim:* Selasa\nisi", "Ya."),
        ("Ya.\n-- \nBudi\nKetua RT", "Ya."),
        ("Ya.\nDikirim dari Yahoo Mail di Android", "Ya."),
        ("> q\n>> qq\nYa.", "Ya."),
        ("Lokasi: pasar\nTanggal: 24/11\nnihil", None),
        ("Pada malam hari selalu ramai, tolong ditindak.", None),
        ("On the corner.", None),
        ("> only\n> quotes", None),
        ("---------- Forwarded message ----------\nFrom here on it is theirs", None),
        ("", None),
    ],
)
def test_quotes_are_told_from_own_words(text, own):
    assert own_words(text) == own


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("auto_*.eml")))
def test_each_signal_alone_marks_automatic_mail(name):
    assert only(sample(name)).automatic


def test_the_null_sender_marks_automatic_mail():
    assert only(sample("plain_id"), "").automatic
    assert not only(sample("plain_id"), None).automatic


@pytest.mark.parametrize("name", ["person_not_automatic", "photo", "plain_id", "gmail_reply_id"])
def test_a_person_is_no_machine(name):
    assert not only(sample(name)).automatic


def test_a_reply_is_threaded_by_token_and_ids():
    tagged = only(sample("gmail_reply_id"), "s@example.org", f"Aduan+{TOKEN.upper()}@Example.go.id")
    assert tagged.reply_token == TOKEN
    assert tagged.reply_ids == (OURS, "<CAF00001@mail.example.org>")

    assert only(sample("gmail_reply_id")).reply_token == TOKEN, "from To, where the server dropped the plus"
    assert only(sample("plain_id")).reply_token is None


def test_only_so_many_references_are_read_and_the_newest_win():
    ids = " ".join(f"<{n}@example.org>" for n in range(300))

    message = only(f"From: a@example.org\r\nReferences: {ids}\r\nIn-Reply-To: {OURS}\r\n\r\nx")

    assert len(message.reply_ids) == 50
    assert message.reply_ids[:2] == (OURS, "<299@example.org>")


@pytest.mark.parametrize(
    ("name", "code", "scope"),
    [
        ("no_such_user", "5.1.1", Scope.ADDRESS),
        ("no_status", "5.1.1", Scope.ADDRESS),
        ("full", "5.2.2", None),
        ("policy", "5.7.1", None),
    ],
)
def test_a_bounce_says_what_became_of_our_mail(name, code, scope):
    message, receipt = read(sample(f"dsn_{name}"), "")

    assert message.automatic
    assert message.reply_ids == (OURS,)
    assert receipt.state is DeliveryState.FAILED
    assert (receipt.code, receipt.scope) == (code, scope)
    assert receipt.delivery_id == "0123456789abcdef0123"
    assert receipt.provider_message_id == OURS
    assert receipt.dedupe_key.startswith(message.dedupe_key)


@pytest.mark.parametrize("name", ["delayed", "not_ours"])
def test_a_delay_or_another_servers_bounce_says_nothing_of_our_mail(name):
    assert only(sample(f"dsn_{name}"), "").automatic


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        ("From: <a@example.org>", "a@example.org"),
        ('From: "x@evil.example" <a@EXAMPLE.org>', "a@example.org"),
        ("From: a@example.org (Ani)", "a@example.org"),
        ("From: Ani <a@b@c>", "env@example.org"),
        ("From: a@example.org, b@example.org", "env@example.org"),
        ("From: nobody", "env@example.org"),
        ("From: <a@example.org>\r\nFrom: <b@example.org>", "a@example.org"),
        ("From: \u202e<a\u202e@example.org>", "env@example.org"),
        ("X-None: 1", "env@example.org"),
        ("From: Ani <pengguna@münchen.example>", "pengguna@münchen.example"),
    ],
)
def test_the_sender_is_the_one_plain_address_of_from(header, sender):
    assert only(f"{header}\r\n\r\nx", "env@example.org").sender.value == sender


def test_a_mail_of_nobody_is_kept_and_automatic():
    message = only("Subject: x\r\n\r\nx", "")

    assert message.sender.value == NOBODY
    assert message.automatic


@pytest.mark.parametrize(
    ("content_type", "body", "unsupported"),
    [
        ("application/pkcs7-mime", "x", "encrypted"),
        ("text/plain", "-----BEGIN PGP MESSAGE-----\r\nx", "encrypted"),
        ("text/calendar", "BEGIN:VCALENDAR", "calendar"),
        ("application/ms-tnef; name=winmail.dat", "x", "tnef"),
        ("text/plain", "words", None),
    ],
)
def test_what_nobody_can_read_is_named(content_type, body, unsupported):
    message = only(f"From: a@example.org\r\nContent-Type: {content_type}\r\n\r\n{body}")

    assert message.unsupported == unsupported
    assert bool(message.attachments) == (not message.text)


def test_a_plain_part_that_only_points_to_the_html_is_passed_over():
    raw = (
        "From: a@example.org\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
        "Silakan buka dengan browser.\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Ada kebakaran\r\n--b--"
    )

    assert only(raw).text == "Ada kebakaran"
    assert only(raw.replace("text/html", "image/png")).text == "Silakan buka dengan browser."


def test_a_text_over_the_bound_is_cut_and_goes_along_whole():
    message = only(b"From: a@example.org\r\n\r\n" + b"kata " * 400_000)

    assert len(message.text) <= 1024 * 1024
    [whole] = message.attachments
    assert whole.size == 2_000_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<p>b", "a\n\nb"),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
        ("1 < 2 &amp; 3 > 2", "1 < 2 & 3 > 2"),
        ("<blockquote>q<blockquote>qq</blockquote></blockquote>own", "> q\n>\n> > qq\n> >\nown"),
        ('<a href="https://e.org/x">https://e.org/x</a>', "https://e.org/x"),
        ('<a href="javascript:x">y</a>', "y"),
        ("<div hidden>gone<div>too</div></div>there", "there"),
        ("<span style='display : none'>never closed", "never closed"),
        ("<!-- never closed", "<!-- never closed"),
        ("<style>never closed", "never closed"),
        ("<b", "<b"),
        ("x&#99999999999999;y&#x;", "xy&#x;"),
        ("<svg><text>no</text></svg>yes", "yes"),
        ("<img alt=\"1 > 0\" src=x>a<p title='b > c'>d", "a\n\nd"),
        ('<p class="never closed>a</p><p>b', "a\n\nb"),
        ('<p>5" pipa</p>', '5" pipa'),
        ("<img src=x onerror=alert(1)>a<script>alert(2)</script>b<iframe src=//x></iframe>", "ab"),
        ("", ""),
    ],
)
def test_html_becomes_plain_text(html, text):
    assert plain(html) == text


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        "<!--",
        "<![",
        "</",
        "<style>",
        "<b>",
        "<div hidden>",
        "<a href=http://x>",
        '<a href="',
        "<",
        "&#9",
        "<p>",
        '<a "',
        "<a '\"",
        '<a """\'\'',
    ],
)
def test_hostile_html_costs_little(piece):
    began = time.process_time()
    plain(piece * (1_000_000 // len(piece)))

    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"[]", b"\r\n\r\nonly a body", b"no header at all"])
def test_bytes_without_a_header_are_no_mail(raw):
    with pytest.raises(PayloadError):
        read(raw)


def test_an_unforeseen_error_is_a_payload_error_without_what_it_says(monkeypatch):
    def broken(_):
        raise RecursionError("budi@example.org")

    monkeypatch.setattr("treckk_gateway.adapters.email.mail.walk", broken)
    with pytest.raises(PayloadError) as caught:
        read("Subject: x\r\n\r\nx")
    assert str(caught.value) == "the mail cannot be read (RecursionError)"
    assert caught.value.__context__ is None


def test_a_mail_delivered_again_has_the_same_fingerprint():
    raw = sample("plain_id")
    again = raw.replace(b"192.0.2.7", b"192.0.2.8").replace(b"13:00:05", b"13:09:59")
    traced = b"Return-Path: <x>\r\nDelivered-To: y\r\nARC-Seal: z\r\n folded\r\n" + again

    key = fingerprint(raw, "aduan@example.go.id")
    assert fingerprint(again, "Aduan@Example.go.id") == key
    assert fingerprint(traced, "aduan@example.go.id") == key
    assert only(traced).dedupe_key == key


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"parkir", b"Parkir"), (b"Message-ID: <CAF00001", b"Message-ID: <CAF00009"), (b"Subject: P", b"Subject: p")],
)
def test_another_mail_has_another_fingerprint(old, new):
    raw = sample("plain_id")
    assert old in raw

    assert fingerprint(raw.replace(old, new), "a@example.go.id") != fingerprint(raw, "a@example.go.id")
    assert fingerprint(raw, "a+x@example.go.id") != fingerprint(raw, "a@example.go.id")


pieces = st.sampled_from(
    [
        b"From: ", b"Subject: Re: ", b"Content-Type: ", b"multipart/report; boundary=b", b"message/delivery-status",
        b"text/html; charset=utf-7", b"Message-ID: <0@example.go.id>", b"Action: failed", b"Status: 5.1.1", b"Date: ",
        b"\r\n", b"\r\n\r\n", b"--b\r\n", b"--b--", b"<a@example.org>", b"=?utf-8?B?gA==?=", b"+2AA-", b"> ", b"wrote:",
        b"Pada ", b"\x00", b"\xff", b"<div hidden>", b"<blockquote>", b"&#0;", b"Tue, 99 Nov 99999 25:61:00 +9999",
    ]
)  # fmt: skip


@given(raw=st.binary(max_size=400) | st.lists(pieces | st.binary(max_size=8), max_size=30).map(b"".join))
def test_any_bytes_are_items_or_a_payload_error(raw):
    try:
        items = read(raw)
    except PayloadError:
        return
    assert isinstance(items[0], InboundMessage)
    for item in items:
        assert codec.decode(codec.encode(item), type(item)) == item


@given(
    st.sampled_from(["", "Tue, ", "Sel, ", " "]),
    st.integers(0, 39),
    st.sampled_from(["Jan", "Feb", "Nov", "Mei"]),
    st.integers(1960, 2120),
    st.tuples(st.integers(0, 30), st.integers(0, 61), st.integers(0, 61)),
    st.sampled_from(["+0800", "-0330", "+0000", "-0000", "GMT", "+0800 (WITA)", "+9959", ""]),
)
def test_a_date_in_the_usual_form_is_what_the_standard_library_reads(day, at, month, year, time, zone):
    written = f"{day}{at} {month} {year} {time[0]:02}:{time[1]:02}:{time[2]:02} {zone}"
    parts = parsedate_tz(written)
    expected = mktime_tz(parts) if parts else 0

    claimed = open_mail(f"From: a@example.org\nDate: {written}\n\nx".encode()).claimed_at

    assert claimed == (expected * 1_000_000 if 631_152_000 <= expected < 4_102_444_800 else None)


@pytest.mark.parametrize(("kind", "told"), [("abuse", True), ("Fraud", True), ("not-spam", False)])
def test_a_feedback_report_about_our_mail_sets_the_address_aside(kind, told):
    raw = (
        "From: fbl@example.org\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nVersion: 1\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <0123456789abcdef0123@example.go.id>\r\n\r\n--b--\r\n"
    ).encode()

    message, *receipts = read(raw)

    assert message.automatic
    assert [(one.state, one.code, one.scope, one.delivery_id) for one in receipts] == [
        (DeliveryState.DELIVERED, "complaint", Scope.ADDRESS, "0123456789abcdef0123")
    ] * told


@pytest.mark.parametrize(
    ("value", "quiet"),
    [
        ("All", True),
        ("DR, AutoReply", True),
        ("dr,rn;autoreply", True),
        ("OOF", False),
        ("DR, RN, NRN", False),
        ("", False),
    ],
)
def test_who_asks_for_no_automatic_answer_is_a_person_all_the_same(value, quiet):
    message = only(f"From: a@example.org\r\nX-Auto-Response-Suppress: {value}\r\n\r\nAda balapan liar")

    assert (message.automatic, message.quiet) == (False, quiet)
