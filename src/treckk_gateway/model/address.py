"""Where a person can be reached."""

from __future__ import annotations

import attrs

_NUMBERED = frozenset({"whatsapp", "sms", "tel"})


@attrs.frozen(repr=False, order=True)
class Address:
    """A scheme and a value: `whatsapp:+62…`, `whatsapp:ID.…` (no number), `sms:+62…`, `mailto:…`, `web:…`.

    A person has several; none of them is the person. `repr` and `str()` hide the value, since addresses must
    not reach logs or tracebacks; `text` is the written form.
    """

    scheme: str
    value: str

    def __attrs_post_init__(self) -> None:
        if not self.scheme or not self.value:
            raise ValueError("an address has a scheme and a value")

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `scheme:value`, split at the first colon; the scheme is folded to lower case.

        Raises `ValueError` when there is no scheme or no value.
        """
        scheme, _, value = text.strip().partition(":")
        if not scheme or not value.strip():
            msg = "an address is written scheme:value, for example whatsapp:+62811000000 or mailto:desk@example.org"
            raise ValueError(msg)
        return cls(scheme.lower(), value.strip())

    @property
    def text(self) -> str:
        """The written form, `scheme:value`. Personal data: never log it."""
        return f"{self.scheme}:{self.value}"

    @property
    def identity(self) -> str:
        """What makes two addresses the same person's: one phone number over SMS and WhatsApp is one person.

        A business-scoped WhatsApp id holds no number and stands for itself
        (twilio-whatsapp-sms: addresses and identity).
        """
        if self.scheme in _NUMBERED and self.value.startswith("+"):
            return f"tel:{self.value}"
        if self.scheme == "mailto":
            return f"mailto:{self.value.casefold()}"
        return self.text

    def __repr__(self) -> str:
        return f"Address({self.scheme}:***)"

    __str__ = __repr__
