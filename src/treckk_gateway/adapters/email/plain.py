"""HTML mail as plain text: words, line breaks, links and quotes; nothing is loaded, nothing hidden is shown.

A scanner of our own, since the standard library's is quadratic in unclosed tags (80 KB of `<a ` take a minute on
CPython 3.11). Each look-ahead here is made once and remembered when it fails.
"""

from __future__ import annotations

import html
import re

LONGEST = 256 * 1024
"""Characters that are read; the rest is left out."""

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
_SPACED = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_DROPPED = frozenset({"math", "script", "style", "svg", "template", "title"})

_TAG = re.compile(r"</?([a-z][a-z0-9:-]{0,30})", re.IGNORECASE)
# No further than to the next "<", quoted or not: then all tags together cost one pass.
_WHOLE = re.compile(r"""<(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>""")
_HIDDEN = re.compile(
    r"\shidden[\s=/>]|(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE
)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})'|([^\s"'>]{1,500}))""", re.IGNORECASE)
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_LONGEST_TAG = 4096
_DEEPEST_QUOTE = 5


def plain(source: str) -> str:
    """The text of an HTML mail; quotes begin with `> `, a link stands in brackets behind its words. Never raises."""
    scanner = _Scanner(source[:LONGEST])
    scanner.run()
    return re.sub(r"\n(?:[> ]*\n){2,}", "\n\n", scanner.page.finished()).strip()


class _Page:
    """What was understood so far: lines with their depth of quoting."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self.quotes = 0

    def write(self, words: str) -> None:
        self._line.append(words)

    @property
    def empty(self) -> bool:
        """Whether the line has no words yet."""
        return not "".join(self._line).strip()

    def break_line(self, *, spaced: bool = False) -> None:
        text = " ".join("".join(self._line).split())
        self._line.clear()
        prefix = "> " * min(self.quotes, _DEEPEST_QUOTE)
        if text:
            self._lines.append(prefix + text)
        if spaced and self._lines and self._lines[-1].strip("> "):
            self._lines.append(prefix.rstrip())

    def finished(self) -> str:
        self.break_line()
        return "\n".join(self._lines)


class _Scanner:
    """Goes through the source once; what it cannot read as a tag is text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._missing: set[str] = set()
        self._link: tuple[str, int] | None = None
        self._words = 0
        self._hidden: tuple[str, int, _Page] | None = None
        self.page = _Page()

    def run(self) -> None:
        while self._at < len(self._source):
            start = self._source.find("<", self._at)
            self._text(self._source[self._at : start] if start >= 0 else self._source[self._at :])
            self._at = start if start >= 0 else len(self._source)
            if start >= 0:
                self._markup(start)
        if self._hidden:  # never closed: rather shown than lost
            self.page.write(self._hidden[2].finished())

    def _markup(self, start: int) -> None:
        if self._source.startswith("<!--", start) and self._skip("-->", start + 4):
            return
        tag = _TAG.match(self._source, start)
        if not tag and self._source[start + 1 : start + 2] not in ("!", "?", "/"):
            self._text("<")
            self._at = start + 1
        elif not self._close(start):
            self._text(self._source[start:])
            self._at = len(self._source)
        elif tag:
            closing = self._source[start + 1] == "/"
            self._tag(tag[1].lower(), self._source[start : min(self._at, start + _LONGEST_TAG)], closing=closing)

    def _tag(self, name: str, written: str, *, closing: bool) -> None:
        if name in _DROPPED:
            if not closing and not written.endswith("/>"):
                self._skip(f"</{name}", self._at) and self._skip(">", self._at)
            return
        if self._hides(name, written, closing=closing):
            return
        if name == "a":
            self._anchor(written, closing=closing)
        elif name in _BLOCKS:
            self._block(name, closing=closing)
        elif name in ("td", "th"):
            self._text(" ")

    def _hides(self, name: str, written: str, *, closing: bool) -> bool:
        """Whether we are inside something hidden, which ends with its own closing tag."""
        if self._hidden is None:
            if closing or name in _VOID or not _HIDDEN.search(written):
                return False
            self._hidden = (name, 1, _Page())
        elif self._hidden[0] == name:
            depth = self._hidden[1] + (-1 if closing else 1)
            self._hidden = (name, depth, self._hidden[2]) if depth else None
        return True

    def _block(self, name: str, *, closing: bool) -> None:
        self.page.break_line(spaced=name in _SPACED or (name == "br" and self.page.empty))
        if name == "blockquote":
            self.page.quotes = max(0, self.page.quotes + (-1 if closing else 1))
        elif name == "li" and not closing:
            self._text("- ")

    def _anchor(self, written: str, *, closing: bool) -> None:
        if not closing:
            found = _HREF.search(written)
            target = html.unescape(next(filter(None, found.groups()))) if found else ""
            self._link = (target, self._at) if target.lower().startswith(("http://", "https://", "geo:")) else None
        elif self._link:
            target, began = self._link
            self._link = None
            if target not in self._source[began : began + 2 * len(target)]:
                self._text(f" ({target})")

    def _text(self, words: str) -> None:
        page = self._hidden[2] if self._hidden else self.page
        if "&" in words:
            words = html.unescape(_LONG_REFERENCE.sub("", words))
        page.write(words)

    def _close(self, start: int) -> bool:
        """Go behind the end of the tag that begins there, which does not stand inside a quoted value."""
        whole = _WHOLE.match(self._source, start)
        if whole is None:
            return self._skip(">", start)
        self._at = whole.end()
        return True

    def _skip(self, wanted: str, start: int) -> bool:
        """Go behind the next `wanted` (case does not matter); once it was missing it is missing for good."""
        if wanted in self._missing:
            return False
        found = re.compile(re.escape(wanted), re.IGNORECASE).search(self._source, start)
        if found is None:
            self._missing.add(wanted)
            return False
        self._at = found.end()
        return True
