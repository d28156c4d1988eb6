"""Mails built to hurt their reader; each is a few lines, made when asked for."""

from __future__ import annotations

from collections.abc import Callable

HOSTILE: dict[str, Callable[[], bytes]] = {
    "many headers": lambda: b"X-A: b\r\n" * 100_000 + b"\r\nx",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\r\n\r\nx",
    "broken encoded words": lambda: b"Subject: " + b"=?" * 128_000 + b"\r\n\r\nx",
    "huge subject": lambda: b"Subject: " + b"a" * 1_000_000 + b"\r\n\r\nx",
    "many words": lambda: b"Subject: " + b"a " * 200_000 + b"\r\n\r\nx",
    "folded subject": lambda: b"Subject: a\r\n" + b" a\r\n" * 200_000 + b"\r\nx",
    "many addresses": lambda: b"To: " + b"a@example.org, " * 30_000 + b"\r\n\r\nx",
    "some nested comments": lambda: b"From: " + b"(" * 1_000 + b"a@example.org" + b")" * 1_000 + b"\r\n\r\nx",
    "nested comments": lambda: b"From: " + b"(" * 10_000 + b"a@example.org" + b")" * 10_000 + b"\r\n\r\nx",
    "parameters": lambda: b"Content-Type: a/b" + b"; name*1*=" * 15_000 + b"\r\n\r\nx",
    "quoted semicolons": lambda: b'Content-Type: a/b; x="' + b';"' * 100_000 + b"\r\n\r\nx",
    "many parts": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "empty parts": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n" * 1_000_000,
    "delimiters in one line": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b" * 100_000,
    "nested parts": lambda: (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5_000))
        + b"a\r\n" * 100_000
    ),
    "some nested parts": lambda: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500)
    ),
    "nested messages": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 50_000,
    "dashes": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"-" * 5_000_000,
    "bare CR": lambda: b"Subject: x\r\n\r\n" + b"\r" * 2_000_000,
    "bare CR headers": lambda: b"Subject: x\r" * 200_000,
    "one line": lambda: b"Subject: x\r\n\r\n" + b"x" * 20_000_000,
    "quoted printable": lambda: b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=41=\r\n" * 1_000_000,
    "attachment": lambda: (
        b"Content-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + (b"/9j/" * 19 + b"\r\n") * 640_000
    ),
    "winmail.dat": lambda: (
        b"From: a@example.org\r\nContent-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x01\x00"
        + b"\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00\x02\x0f\x80\x06\x00\x00\x00\x00\x00\x00\x00" * 200_000
    ),
    "combining marks": lambda: b"Subject: x\r\n\r\n" + "\u0301\u0316".encode() * 250_000,
    "quote marks": lambda: b"Subject: Re: x\r\n\r\n" + b">" * 500_000 + b"\r\n>" * 200_000,
    "introductions": lambda: b"Subject: Re: x\r\n\r\n" + b"On the way <\r\n" * 80_000,
    "short lines": lambda: b"Subject: Re: x\r\n\r\n" + b"a\r\n" * 500_000,
    "flowed": lambda: b"Subject: x\r\nContent-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 250_000,
    "ids": lambda: b"Subject: x\r\nReferences: " + b"<" * 500_000 + b"\r\n\r\nx",
    "angles": lambda: b"From: " + b"<a@" * 300_000 + b"\r\n\r\nx",
    "punycode": lambda: b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a" * 500_000 + b"-" + b"b" * 500_000,
}
