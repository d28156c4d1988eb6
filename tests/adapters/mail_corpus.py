"""Mails as the programs people use build them, and as machines do: made here, with what must be read in each.

Nothing is taken from anybody's mailbox. The shapes (headers, structure, quoting, encodings) are those of the programs
named; people, places and texts are invented.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import attrs

DESK = "aduan@example.go.id"
OURS = "<0123456789abcdef0123@example.go.id>"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 24 + b"\xff\xd9"
LOGO = b"\x89PNG\r\n\x1a\n" + b"\x00" * 200
PDF = b"%PDF-1.4\n" + b"surat " * 300


@attrs.frozen(kw_only=True)
class Sample:
    """A mail and what is in it. `text` is the sender's own words; `files` are names, `None` for one without."""

    name: str
    raw: bytes = attrs.field(repr=False)
    sender: str
    subject: str
    text: str | None = None
    files: tuple[str | None, ...] = ()
    automatic: bool = False
    bounce: bool = False


# -- building blocks ---------------------------------------------------------------------------------------------


def encoded(text: str, charset: str = "utf-8", form: str = "B") -> str:
    """Encoded words of at most 75 characters (RFC 2047); ASCII stays as it is."""
    if text.isascii():
        return text
    words, piece = [], ""
    for char in text:
        if len((piece + char).encode(charset)) > 36:
            words.append(piece)
            piece = ""
        piece += char
    words.append(piece)
    if form == "B":
        made = [base64.b64encode(one.encode(charset)).decode() for one in words]
    else:
        made = [
            "".join(f"={byte:02X}" if byte > 126 or chr(byte) in "=?_ " else chr(byte) for byte in one.encode(charset))
            for one in words
        ]
    return "\r\n ".join(f"=?{charset}?{form}?{one}?=" for one in made)


def part(kind: str, content: bytes, encoding: str, *headers: str) -> bytes:
    """One part with its headers. `encoding` is 7bit, 8bit, quoted-printable or base64."""
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        content = quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    lines = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def text_part(text: str, charset: str, encoding: str, subtype: str = "plain", more: str = "") -> bytes:
    return part(f'text/{subtype}; charset="{charset}"{more}', text.replace("\n", "\r\n").encode(charset), encoding)


def multi(subtype: str, boundary: str, parts: Sequence[bytes], more: str = "") -> bytes:
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + one + b"\r\n" for one in parts)
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{more}\r\n\r\n'.encode()
    return head + inner + b"--" + boundary.encode() + b"--\r\n"


def mail(headers: Mapping[str, str | None], content: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return lines.encode("utf-8") + content


def html(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return "<br>\n".join(escaped.split("\n"))


# -- programs people write with ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Program:
    """How one mail program writes. `intro` introduces a quote, `footer` is what it adds below, `re` begins a reply."""

    name: str
    headers: Mapping[str, str]
    intro: str
    footer: str = ""
    quoted: bool = True
    re: str = "Re: "
    charset: str = "utf-8"
    encoding: str = "quoted-printable"
    form: str = "B"
    boundary: str
    quote_html: str = "<blockquote>{}</blockquote>"
    flowed: bool = False


_ID_BLOCK = "Dari: Pengaduan Satpol PP <aduan@example.go.id>\nDikirim: Selasa, 24 November 2026 13.45\nKepada: Warga <warga@example.org>\nSubjek: Laporan diterima\n"
_EN_BLOCK = "From: Pengaduan Satpol PP <aduan@example.go.id>\nSent: Tuesday, November 24, 2026 1:45 PM\nTo: Warga <warga@example.org>\nSubject: Laporan diterima\n"
_OUTLOOK_HTML = '<div style="border:none;border-top:solid #E1E1E1 1.0pt">{}</div>'

PROGRAMS = (
    Program(name="gmail-web-id", headers={"MIME-Version": "1.0"}, boundary="000000000000a1b2c3",
            intro="Pada Sel, 24 Nov 2026 pukul 13.45 Pengaduan Satpol PP <aduan@example.go.id> menulis:",
            quote_html='<div class="gmail_quote"><blockquote class="gmail_quote">{}</blockquote></div>'),
    Program(name="gmail-web-en", headers={"MIME-Version": "1.0"}, boundary="000000000000d4e5f6", encoding="8bit",
            intro="On Tue, Nov 24, 2026 at 1:45 PM Pengaduan Satpol PP <aduan@example.go.id>\nwrote:"),
    Program(name="gmail-android-id", headers={"MIME-Version": "1.0"}, boundary="000000000000777888", encoding="base64",
            intro="Pada tanggal Sel, 24 Nov 2026 13.45, Pengaduan Satpol PP <aduan@example.go.id>\nmenulis:"),
    Program(name="iphone-id", headers={"X-Mailer": "iPhone Mail (21F90)", "MIME-Version": "1.0 (1.0)"},
            boundary="Apple-Mail-1F2E3D4C", footer="\n\nDikirim dari iPhone saya",
            intro="Pada 24 Nov 2026, pukul 13.45, Pengaduan Satpol PP <aduan@example.go.id> menulis:"),
    Program(name="iphone-en", headers={"X-Mailer": "iPhone Mail (21F90)", "Mime-Version": "1.0 (1.0)"},
            boundary="Apple-Mail-9A8B7C6D", footer="\n\nSent from my iPhone", encoding="8bit",
            intro="On 24 Nov 2026, at 13:45, Pengaduan Satpol PP <aduan@example.go.id> wrote:"),
    Program(name="apple-mail-en", headers={"X-Mailer": "Apple Mail (2.3774.600.62)", "Mime-Version": "1.0"},
            boundary="Apple-Mail=_5B1C", intro="On 24 Nov 2026, at 13.45, Pengaduan Satpol PP <aduan@example.go.id> wrote:", form="Q"),
    Program(name="outlook-desktop-id", headers={"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "Adp+abc", "MIME-Version": "1.0"},
            boundary="----=_NextPart_000_0012_01DA", quoted=False, re="RE: ", intro=_ID_BLOCK, quote_html=_OUTLOOK_HTML, charset="windows-1252"),
    Program(name="outlook-desktop-en", headers={"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "Adp+abd", "MIME-Version": "1.0"},
            boundary="----=_NextPart_000_0099_01DB", quoted=False, re="RE: ", intro=_EN_BLOCK, quote_html=_OUTLOOK_HTML, charset="iso-8859-1", form="Q"),
    Program(name="outlook-mobile-id", headers={"MIME-Version": "1.0", "X-MS-Has-Attach": ""}, boundary="_000_SEYPR01", quoted=False,
            footer="\n\nDapatkan Outlook untuk Android", intro="________________________________\n" + _ID_BLOCK),
    Program(name="outlook-mobile-en", headers={"MIME-Version": "1.0", "X-MS-Has-Attach": ""}, boundary="_000_SEYPR02", quoted=False,
            footer="\n\nGet Outlook for iOS", intro="________________________________\n" + _EN_BLOCK),
    Program(name="yahoo-web-id", headers={"MIME-Version": "1.0", "X-Mailer": "WebService/1.1.22900 YMailNorrin"}, boundary="----=_Part_51_99.1764",
            intro="    Pada Selasa, 24 November 2026 pukul 13.45.10 WITA, Pengaduan Satpol PP <aduan@example.go.id> menulis:"),
    Program(name="yahoo-android-id", headers={"MIME-Version": "1.0", "X-Mailer": "WebService/1.1.22900 mail.backend.jedi.jws.acl:role.jedi.acl.token.atz.jws.hermes.yahoo"},
            boundary="----=_Part_77_12.1764", footer="\n\nDikirim dari Yahoo Mail di Android", encoding="base64",
            intro="Pada Sel, 24 Nov 2026 pada 13.45, Pengaduan Satpol PP <aduan@example.go.id> menulis:"),
    Program(name="thunderbird-id", headers={"MIME-Version": "1.0", "User-Agent": "Mozilla Thunderbird"}, boundary="------------Rt7", encoding="8bit",
            intro="Pada 24/11/26 13.45, Pengaduan Satpol PP menulis:", flowed=True),
    Program(name="thunderbird-en", headers={"MIME-Version": "1.0", "User-Agent": "Mozilla Thunderbird"}, boundary="------------Qx9", encoding="7bit",
            intro="On 24/11/2026 13.45, Pengaduan Satpol PP wrote:", charset="utf-8", footer="\n\n-- \nWarga RT 05"),
    Program(name="zimbra-id", headers={"MIME-Version": "1.0", "X-Mailer": "Zimbra 8.8.15_GA_4545 (ZimbraWebClient - GC120 (Win)/8.8.15_GA_4545)"},
            boundary="=_a0b1c2d3", quoted=False, intro='----- Pesan Asli -----\nDari: "Pengaduan" <aduan@example.go.id>\nKepada: "Warga" <warga@example.org>\n'),
    Program(name="roundcube-id", headers={"MIME-Version": "1.0", "User-Agent": "Roundcube Webmail/1.6.7"}, boundary="=_deadbeef", encoding="7bit",
            intro="Pada 2026-11-24 13:45, Pengaduan Satpol PP menulis:", charset="US-ASCII"),
    Program(name="samsung-id", headers={"MIME-Version": "1.0"}, boundary="--_com.samsung.android.email_1", quoted=False, encoding="base64",
            footer="\n\nDikirim dari Galaxy saya", intro="-------- Pesan asli --------\nDari: Pengaduan Satpol PP <aduan@example.go.id> \nTanggal: 24/11/26 13.45  (GMT+08:00) \nKe: Warga <warga@example.org> \n"),
    Program(name="squirrelmail-en", headers={"MIME-Version": "1.0", "User-Agent": "SquirrelMail/1.4.23"}, boundary="----=_20261124", encoding="8bit", charset="iso-8859-1",
            intro="On Tue, November 24, 2026 1:45 pm, Pengaduan Satpol PP wrote:"),
    Program(name="k9-en", headers={"MIME-Version": "1.0", "User-Agent": "K-9 Mail for Android"}, boundary="----KQ2", intro="On 24 November 2026 13:45:10 WITA, Pengaduan Satpol PP <aduan@example.go.id> wrote:"),
    Program(name="cpanel-horde-id", headers={"MIME-Version": "1.0", "User-Agent": "Horde Application Framework 5"}, boundary="=_hordeA", form="Q",
            intro="Pengaduan Satpol PP <aduan@example.go.id> menulis:"),
)  # fmt: skip

_OLD = "Yth. Bapak/Ibu,\n\nLaporan telah kami terima.\nMohon lengkapi lokasi."
_WORDS = (
    "Ada pedagang berjualan di trotoar depan pasar sejak pagi.\nPejalan kaki turun ke jalan.",
    "Warung di Desa Layap masih buka dengan musik keras sampai jam 02.00.",
    "Sapi berkeliaran di jalan raya dekat jembatan, hampir tertabrak motor tadi malam.",
    "Bangunan baru di bantaran sungai itu tidak ada papan izinnya. Mohon dicek ya pak.",
)  # fmt: skip
_ACCENTED = "Rumah makan \u201cCaf\u00e9 Melati\u201d membuang sampah \u2013 baunya sampai ke masjid."


def _headers(program: Program, number: int, subject: str, *, reply: bool = False) -> dict[str, str | None]:
    return {
        "Return-Path": "<warga@example.org>",
        "Received": "from mx.example.org (mx.example.org [192.0.2.7])\r\n\tby mail.example.go.id with ESMTPS; Tue, 24 Nov 2026 13:50:05 +0800",
        "From": f"{encoded('Siti Aminah' if number % 2 else 'Haji É. Ngatiman', form=program.form)} <warga{number}@example.org>",
        "To": f'"Pengaduan" <{DESK}>',
        "Subject": encoded(subject, form=program.form),
        "Date": "Tue, 24 Nov 2026 13:50:00 +0800",
        "Message-ID": f"<{program.name}.{number}@mail.example.org>",
        "In-Reply-To": OURS if reply else None,
        "References": f"<first@mail.example.org>\r\n {OURS}" if reply else None,
        **program.headers,
    }


def _said(program: Program, words: str) -> str:
    return words + program.footer


def _plain(program: Program, text: str) -> bytes:
    charset, encoding = program.charset, program.encoding
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    if encoding == "7bit" and not text.isascii():
        encoding = "quoted-printable"
    more = "; format=flowed" if program.flowed else ""
    return text_part(text, charset, encoding, more=more)


def _both(program: Program, text: str, rich: str) -> bytes:
    whole = f'<html><head><meta http-equiv="Content-Type"><style>p {{color:red}}</style></head><body><div dir="ltr">{rich}</div></body></html>'
    return multi(
        "alternative",
        program.boundary + "_alt",
        [_plain(program, text), text_part(whole, "utf-8", "quoted-printable", "html")],
    )


def _quote(program: Program) -> str:
    return "\n".join("> " + line if line else ">" for line in _OLD.split("\n")) if program.quoted else _OLD


def _photo(name: str, kind: str = "image/jpeg", content: bytes = JPEG) -> bytes:
    return part(f'{kind}; name="{name}"', content, "base64", f'Content-Disposition: attachment; filename="{name}"')


Made = tuple[str, bytes, str, tuple[str | None, ...], bool]
"""Subject, content, own words, files, whether it is a reply."""


def _fresh(program: Program, words: str) -> Made:
    text = _said(program, words)
    return "Laporan warga", _plain(program, text), text, (), False


def _rich(program: Program, words: str) -> Made:
    text = _said(program, words)
    return "Laporan \u2013 trotoar dipakai jualan", _both(program, text, html(text)), text, (), False


def _answer(program: Program, words: str) -> Made:
    text = f"{_said(program, words)}\n\n{program.intro}\n{_quote(program)}\n"
    return program.re + "[TRK-2611-00042] Laporan diterima", _plain(program, text), words, (), True


def _rich_answer(program: Program, words: str) -> Made:
    text = f"{_said(program, words)}\n\n{program.intro}\n{_quote(program)}\n"
    rich = html(_said(program, words)) + "<br><br>" + html(program.intro) + program.quote_html.format(html(_OLD))
    return program.re + "[TRK-2611-00042] Laporan diterima", _both(program, text, rich), words, (), True


def _only_html(program: Program, words: str) -> Made:
    text = _said(program, words)
    body = f"<html><body><p>{html(text)}</p><script>x()</script></body></html>"
    return "Laporan", text_part(body, "utf-8", "base64", "html"), text, (), False


def _with_photo(program: Program, words: str) -> Made:
    text = _said(program, words)
    return (
        "Foto kejadian",
        multi("mixed", program.boundary, [_plain(program, text), _photo("IMG_20261124_134500.jpg")]),
        text,
        ("IMG_20261124_134500.jpg",),
        False,
    )


def _with_named(program: Program, words: str) -> Made:
    """A file name by RFC 2231 in one half of the programs, by an encoded word in the other."""
    text, name = _said(program, words), "foto jal\u00e1n rusak.jpg"
    if program.form == "B":
        named = part(
            "image/jpeg",
            JPEG,
            "base64",
            "Content-Disposition: attachment;\r\n filename*0*=utf-8''foto%20jal%C3%A1n;\r\n filename*1*=%20rusak.jpg",
        )
    else:
        named = part(f'image/jpeg; name="{encoded(name)}"', JPEG, "base64", "Content-Disposition: attachment")
    return "Foto", multi("mixed", program.boundary, [_both(program, text, html(text)), named]), text, (name,), False


def _with_logo(program: Program, words: str) -> Made:
    text = _said(program, words)
    logo = part(
        'image/png; name="image001.png"',
        LOGO,
        "base64",
        "Content-ID: <image001.png@01DA>",
        'Content-Disposition: inline; filename="image001.png"',
    )
    related = multi(
        "related",
        program.boundary + "_rel",
        [_both(program, text, html(text) + '<img src="cid:image001.png@01DA">'), logo],
    )
    files = ("image001.png", "surat.pdf", "lokasi.jpg")
    return (
        "Berkas",
        multi("mixed", program.boundary, [related, _photo("surat.pdf", "application/pdf", PDF), _photo("lokasi.jpg")]),
        text,
        files,
        False,
    )


def _accented(program: Program, _words: str) -> Made:
    text = _said(program, _ACCENTED)
    return (
        "Caf\u00e9 \u201cMelati\u201d dan sampah di Jl. Ahmad Yani yang sudah berhari-hari tidak diangkut",
        _plain(program, text),
        text,
        (),
        False,
    )


def _eight_bit(program: Program, _words: str) -> Made:
    """Raw bytes of windows-1252 under a charset that says nothing of the kind."""
    text = _said(program, "Tumpukan sampah di depan caf\u00e9, mohon ditindak.")
    return (
        "Sampah",
        part('text/plain; charset="us-ascii"', text.replace("\n", "\r\n").encode("cp1252"), "8bit"),
        text,
        (),
        False,
    )


def _forwarded(program: Program, words: str) -> Made:
    text = f"---------- Pesan terusan ---------\nDari: Tetangga <tetangga@example.org>\nTanggal: Sel, 24 Nov 2026 pukul 11.00\nSubjek: keluhan\nUntuk: <warga@example.org>\n\n{words}"
    return "Fwd: keluhan", _plain(program, text), text, (), False


SCENES: Mapping[str, Callable[[Program, str], Made]] = {
    "new": _fresh, "rich": _rich, "answer": _answer, "rich answer": _rich_answer, "only html": _only_html, "photo": _with_photo,
    "named photo": _with_named, "logo": _with_logo, "accents": _accented, "eight bit": _eight_bit, "forward": _forwarded,
}  # fmt: skip


def people() -> Iterator[Sample]:
    """Every program in every scene."""
    for place, program in enumerate(PROGRAMS):
        for number, (scene, make) in enumerate(SCENES.items()):
            subject, content, text, files, reply = make(program, _WORDS[(place + number) % len(_WORDS)])
            headers = _headers(program, number, subject, reply=reply)
            yield Sample(
                name=f"{program.name}: {scene}", raw=mail(headers, content), sender=f"warga{number}@example.org", subject=subject, text=text, files=files,
            )  # fmt: skip


# -- people whose mail looks like a machine's ---------------------------------------------------------------------


def _letter(subject: str, text: str, sender: str = "warga@example.org", **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return mail(
        {
            "From": f"Warga <{sender}>",
            "To": DESK,
            "Subject": encoded(subject),
            "Message-ID": "<p@example.org>",
            **named,
        },
        text_part(text, "utf-8", "quoted-printable"),
    )


_TRICKY: Sequence[tuple[str, str, str, dict[str, str]]] = (
    ("Di luar kantor camat ada PKL", "Sudah seminggu, mohon ditertibkan.", "warga@example.org", {}),
    ("Out of office hours noise", "The bar plays music after midnight.", "guest@example.org", {}),
    ("Paket undeliverable dibuang di jalan", "Kurir membuang paket di selokan.", "warga@example.org", {}),
    ("Fwd: Undelivered Mail Returned to Sender", "Surel saya ke kecamatan kembali terus. Ada pungli di pasar.", "warga@example.org", {}),
    ("Laporan", "Kami sedang cuti bersama, tapi warung itu tetap buka.", "warga@example.org", {}),
    ("Balasan untuk surat kemarin", "Lokasi di Desa Dahai.", "warga@example.org", {}),
    ("Mail delivery: kurir parkir sembarangan", "Setiap pagi di depan kantor pos.", "warga@example.org", {}),
    ("Laporan otomatisasi", "Genset pabrik ribut.", "reply-me@example.org", {}),
    ("Aduan", "Mohon jangan dibalas ke rumah.", "noregrets@example.org", {}),
    ("Aduan", "Ada balapan liar.", "bouncy.castle@example.org", {"X_Auto_Response_Suppress": "All"}),
    ("Aduan", "Sapi masuk kebun.", "warga@example.org", {"Auto_Submitted": "no"}),
    ("Aduan", "Anjing liar.", "warga@example.org", {"Precedence": "first-class", "Importance": "high"}),
    ("Aduan", "Baliho miring.", "warga@example.org", {"Return_Path": "<warga@example.org>", "X_Priority": "1"}),
    ("Aduan", "Terima kasih, pesan otomatis Bapak sudah saya baca. Lokasinya di Juai.", "warga@example.org", {"In_Reply_To": OURS}),
    ("Automatically opened gate", "The market gate opens at night.", "guest@example.org", {}),
    ("Vacation rental party", "Every weekend loud music.", "guest@example.org", {}),
    ("OOOO bising sekali", "Tolong pak.", "warga@example.org", {}),
    ("Delivery status", "Truk bongkar muat di badan jalan.", "toko@example.org", {}),
    ("Re: Failure notice dari PLN", "Lampu jalan mati.", "warga@example.org", {}),
    ("Pesan tidak terkirim lewat WA", "Jadi saya lapor lewat surel: ada tawuran kemarin.", "warga@example.org", {}),
    ("Postmaster desa", "Saya staf desa, mohon patroli.", "staf.postmaster@example.org", {}),
    ("Aduan", "Saya di daftar RT, grup kami menitip: PKL di trotoar.", "mailer@example.org", {}),
    ("Aduan", "Echo test? Bukan, ini laporan: reklame roboh.", "daemon.tools@example.org", {}),
    ("Sedang cuti pun PKL jualan", "Di depan kantor.", "warga@example.org", {}),
)  # fmt: skip


def tricky() -> Iterator[Sample]:
    """No machine, whatever it looks like."""
    for number, (subject, text, sender, headers) in enumerate(_TRICKY):
        yield Sample(
            name=f"person {number}: {subject}",
            raw=_letter(subject, text, sender, **headers),
            sender=sender,
            subject=subject,
            text=text,
        )


# -- machines ----------------------------------------------------------------------------------------------------


_AUTOMATIC: Sequence[tuple[str, str, str, dict[str, str]]] = (
    ("Exchange, absent", "Automatic reply: Laporan diterima", "pejabat@example.go.id", {"Auto_Submitted": "auto-replied", "X_Auto_Response_Suppress": "All"}),
    ("Exchange in Indonesian", "Balasan Otomatis: Laporan diterima", "pejabat@example.go.id", {}),
    ("Exchange without headers", "Automatic reply: Laporan diterima", "pejabat@example.org", {}),
    ("Outlook rule", "Out of Office: Re: aduan", "pejabat@example.org", {}),
    ("Gmail, absent", "Re: Laporan diterima", "camat@example.org", {"Auto_Submitted": "auto-replied", "Precedence": "bulk", "X_Autoreply": "yes"}),
    ("vacation(1)", "Re: Laporan diterima", "camat@example.org", {"Auto_Submitted": "auto-replied (vacation)", "Precedence": "junk"}),
    ("sieve vacation", "Auto: Laporan diterima", "camat@example.org", {"Auto_Submitted": "auto-replied", "Precedence": "bulk"}),
    ("Zimbra, absent", "Re: Laporan diterima", "kabid@example.go.id", {"Auto_Submitted": "auto-replied (zimbra; vacation)", "Precedence": "bulk"}),
    ("cPanel autoresponder", "Terima kasih", "info@example.org", {"Precedence": "auto_reply", "X_Autorespond": "Laporan", "X_Loop": "info@example.org"}),
    ("Plesk autoresponder", "Re: Laporan", "info@example.org", {"Precedence": "auto_reply"}),
    ("DirectAdmin", "Autoreply: Laporan", "info@example.org", {}),
    ("Domino", "Di luar kantor: Laporan diterima", "pejabat@example.org", {}),
    ("GroupWise", "Vacation: Laporan", "pejabat@example.org", {}),
    ("Mailman list", "[warga] rapat", "warga-bounces@example.org", {"List_Id": "<warga.example.org>", "Precedence": "list"}),
    ("Google group", "Undangan", "grup@example.org", {"List_Id": "<grup.example.org>", "List_Unsubscribe": "<mailto:x@example.org>"}),
    ("newsletter", "Promo akhir tahun", "promo@example.org", {"List_Unsubscribe": "<https://example.org/u>", "Feedback_ID": "1:2:3:esp"}),
    ("shop", "Pesanan Anda dikirim", "no-reply@example.org", {}),
    ("bank", "Notifikasi transaksi", "noreply@example.org", {}),
    ("app", "Kode masuk", "do-not-reply@example.org", {}),
    ("app with underscores", "Kode masuk", "do_not_reply@example.org", {}),
    ("app with a tag", "Kode masuk", "noreply+abc123@example.org", {}),
    ("app with a name", "Kode masuk", "no-reply-accounts@example.org", {}),
    ("helpdesk A", "[Ticket #12] received", "bantuan@example.org", {"Auto_Submitted": "auto-generated", "X_Loop": "helpdesk"}),
    ("helpdesk B", "[#991] Terima kasih", "bantuan@example.org", {"X_Autoreply": "yes", "X_Auto_Response_Suppress": "OOF"}),
    ("helpdesk C", "Permintaan diterima", "bantuan@example.org", {"Auto_Submitted": "auto-replied; owner-email=x"}),
    ("another gateway of this kind", "TRK-2611-00001", "aduan@example.com", {"X_Treckk_Gateway": "example.com"}),
    ("cron", "Cron <root@server> backup", "root@example.org", {"Auto_Submitted": "auto-generated", "X_Cron_Env": "<SHELL=/bin/sh>"}),
    ("monitoring", "PROBLEM: disk", "alert@example.org", {"Precedence": "bulk"}),
    ("calendar answer by machine", "Diterima: rapat", "kalender@example.org", {"Auto_Submitted": "auto-generated"}),
    ("null return path", "Pemberitahuan", "sistem@example.org", {"Return_Path": "<>"}),
    ("postmaster", "Kuota hampir penuh", "postmaster@example.org", {}),
    ("fax gateway", "Fax", "fax@example.org", {"X_Autogenerated": "fax"}),
    ("auto reply, odd header", "Re: Laporan", "toko@example.org", {"X_Auto_Reply": "1"}),
    ("auto reply, odd header 2", "Re: Laporan", "toko@example.org", {"X_Autoresponse": "1"}),
    ("vacation header", "Re: Laporan", "toko@example.org", {"X_Vacation": "yes"}),
    ("hyphenated precedence", "Re: Laporan", "toko@example.org", {"Precedence": "auto-reply"}),
    ("auto response by name", "Auto Response: Laporan", "toko@example.org", {}),
    ("answered by machine in Indonesian", "Jawaban otomatis - Laporan", "toko@example.org", {}),
    ("message by machine in Indonesian", "Pesan otomatis", "toko@example.org", {}),
    ("OOO", "OOO: Laporan diterima", "toko@example.org", {}),
    ("away", "Away from my office: Laporan", "toko@example.org", {}),
    ("leave", "Sedang cuti: Laporan", "toko@example.org", {}),
)  # fmt: skip


def automatic() -> Iterator[Sample]:
    """Notes of absence, lists, notices, help desks."""
    for name, subject, sender, headers in _AUTOMATIC:
        yield Sample(
            name=name, raw=_letter(subject, "Saya tidak di tempat sampai Senin.", sender, **headers), sender=sender,
            subject=subject, automatic=True,
        )  # fmt: skip
    read = part(
        "message/disposition-notification", b"Disposition: manual-action/MDN-sent-manually; displayed\r\n", "7bit"
    )
    raw = mail(
        {"From": "warga@example.org", "Subject": "Read: aduan"},
        multi("report", "b", [text_part("Dibaca.", "utf-8", "7bit"), read], "; report-type=disposition-notification"),
    )
    yield Sample(
        name="read receipt", raw=raw, sender="warga@example.org", subject="Read: aduan", automatic=True, files=(None,)
    )
    told = part(
        "message/delivery-status",
        b"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
        "7bit",
    )
    raw = mail(
        {"From": "MAILER-DAEMON@mx.example.org", "Subject": "Successful Mail Delivery Report"},
        multi("report", "b", [text_part("Delivered.", "utf-8", "7bit"), told], "; report-type=delivery-status"),
    )
    yield Sample(
        name="delivered, as asked",
        raw=raw,
        sender="MAILER-DAEMON@mx.example.org",
        subject="Successful Mail Delivery Report",
        automatic=True,
        files=(None,),
    )
    abuse = part("message/feedback-report", b"Feedback-Type: abuse\r\nVersion: 1\r\n", "7bit")
    raw = mail(
        {"From": "fbl@example.org", "Subject": "Abuse report"},
        multi("report", "b", [text_part("Complaint.", "utf-8", "7bit"), abuse], "; report-type=feedback-report"),
    )
    yield Sample(
        name="feedback loop", raw=raw, sender="fbl@example.org", subject="Abuse report", automatic=True, files=(None,)
    )


_WHY = (
    ("5.1.1", "550 5.1.1 User unknown", "failed"),
    ("5.2.2", "552 5.2.2 Mailbox full", "failed"),
    ("5.7.1", "550 5.7.1 Rejected by policy", "failed"),
    ("4.4.1", "421 4.4.1 Connection timed out", "delayed"),
)
_SERVERS: Sequence[tuple[str, str, str, str]] = (
    ("postfix", "MAILER-DAEMON@mx.example.org (Mail Delivery System)", "Undelivered Mail Returned to Sender", "This is the mail system at host mx.example.org.\n\nI'm sorry to have to inform you that your message could not be delivered."),
    ("sendmail", "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>", "Returned mail: see transcript for details", "The original message was received at Tue, 24 Nov 2026"),
    ("exchange", "postmaster@example.org", "Undeliverable: [TRK-2611-00042] Laporan diterima", "Delivery has failed to these recipients or groups:"),
    ("office365", "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>", "Tidak terkirim: [TRK-2611-00042] Laporan", "Pesan Anda tidak dapat dikirim."),
    ("gmail", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "** Address not found **"),
    ("yahoo", "MAILER-DAEMON@yahoo.example", "Failure Notice", "Sorry, we were unable to deliver your message to the following address."),
    ("zimbra", "Mail Delivery System <MAILER-DAEMON@mail.example.go.id>", "Undelivered Mail Returned to Sender", "This is the mail system at host mail.example.go.id."),
    ("ses", "MAILER-DAEMON@amazonses.example", "Delivery Status Notification (Failure)", "An error occurred while trying to deliver the mail to the following recipients:"),
)  # fmt: skip


def _report(sender: str, subject: str, words: str, status: str, diagnostic: str, action: str) -> bytes:
    per_message = "Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Tue, 24 Nov 2026 13:45:00 +0800\r\n"
    per_recipient = f"Final-Recipient: rfc822; warga@example.org\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
    original = f"From: {DESK}\r\nTo: warga@example.org\r\nSubject: Laporan\r\nMessage-ID: {OURS}\r\n\r\nisi\r\n"
    parts = [
        text_part(words, "utf-8", "7bit"),
        part("message/delivery-status", f"{per_message}\r\n{per_recipient}".encode(), "7bit"),
        part("message/rfc822", original.encode(), "7bit"),
    ]
    return mail(
        {"Return-Path": "<>", "From": sender, "To": DESK, "Subject": subject, "Auto-Submitted": "auto-replied"},
        multi("report", "B.7", parts, "; report-type=delivery-status"),
    )


_IN_WORDS: Sequence[tuple[str, dict[str, str], str]] = (
    ("exim", {"From": "Mail Delivery System <Mailer-Daemon@mx.example.org>", "Subject": "Mail delivery failed: returning message to sender", "X-Failed-Recipients": "warga@example.org", "Auto-Submitted": "auto-replied"},
     "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered:\n  warga@example.org\n    550 no such user\n\n------ This is a copy of the message ------\n\nMessage-ID: " + OURS + "\nFrom: x\n"),
    ("exim warning", {"From": "Mail Delivery System <Mailer-Daemon@mx.example.org>", "Subject": "Warning: message 1abc delayed 24 hours", "X-Failed-Recipients": "warga@example.org"}, "has not yet been delivered"),
    ("qmail", {"From": "MAILER-DAEMON@mx.example.org", "Subject": "failure notice", "Return-Path": "<>"}, "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message.\n\n<warga@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: " + OURS + "\n"),
    ("courier", {"From": "mailer-daemon@mx.example.org", "Subject": "NOTICE: mail delivery status.", "Precedence": "junk"}, "This is a delivery status notification."),
    ("mdaemon", {"From": "MDaemon <MAILER-DAEMON@mx.example.org>", "Subject": "Mail System Error - Returned Mail"}, "The following message could not be delivered."),
    ("imail", {"From": "Postmaster <postmaster@mx.example.org>", "Subject": "Undeliverable Mail"}, "Unknown user: warga@example.org"),
    ("lotus", {"From": "Mail Router <postmaster@mx.example.org>", "Subject": "DELIVERY FAILURE: User not listed"}, "Your message\n\n  Subject: Laporan\n\nwas not delivered to: warga@example.org"),
    ("null sender", {"Return-Path": "<>", "From": "Sistem <sistem@mx.example.org>", "Subject": "Message Delivery Failure"}, "The user does not exist."),
    ("provider in Indonesian", {"From": "postmaster@mail.example.id", "Subject": "Pesan tidak terkirim"}, "Pesan Anda gagal disampaikan."),
    ("provider in Indonesian 2", {"From": "mailer-daemon@mail.example.id", "Subject": "Gagal kirim: Laporan"}, "Kotak surat penuh."),
    ("returned to sender", {"From": "MAILER-DAEMON@mail.example.id", "Subject": "Email returned to sender"}, "Mailbox unavailable."),
)  # fmt: skip


def bounces() -> Iterator[Sample]:
    """Reports in the standard's form by each server for each reason, and what older programs put in words."""
    for server, sender, subject, words in _SERVERS:
        for status, diagnostic, action in _WHY:
            address = sender.partition("<")[2].rstrip(">") or sender.partition(" ")[0]
            local, _, domain = address.rpartition("@")
            yield Sample(
                name=f"{server}: {status}", raw=_report(sender, subject, words, status, diagnostic, action), sender=f"{local}@{domain.lower()}",
                subject=subject, automatic=True, bounce=True, files=(None, "forwarded.eml"),
            )  # fmt: skip
    for name, headers, words in _IN_WORDS:
        address = headers["From"].partition("<")[2].rstrip(">") or headers["From"]
        yield Sample(
            name=name, raw=mail({"To": DESK, **headers}, text_part(words, "utf-8", "7bit")), sender=address, subject=headers["Subject"],
            automatic=True, bounce=True,
        )  # fmt: skip


@cache
def samples() -> tuple[Sample, ...]:
    """All of them: people first, then machines."""
    return (*people(), *tricky(), *automatic(), *bounces())


def counted() -> dict[str, Any]:
    """How many there are of each kind."""
    return {
        "people": sum(not one.automatic for one in samples()),
        "automatic": sum(one.automatic for one in samples()),
        "bounces": sum(one.bounce for one in samples()),
    }
