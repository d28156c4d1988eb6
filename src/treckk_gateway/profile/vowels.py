"""Words written without some of their vowels, as in a short message: `kbakran`."""

from __future__ import annotations

_VOWELS = str.maketrans("", "", "aeiou")


def bones(word: str) -> str:
    """A word without its vowels."""
    return word.translate(_VOWELS)


def is_clipped(short: str, whole: str) -> bool:
    """Whether `short` is `whole` with some letters left out."""
    letters = iter(whole)
    return len(short) < len(whole) and all(letter in letters for letter in short)
