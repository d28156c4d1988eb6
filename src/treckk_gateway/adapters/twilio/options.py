"""The settings of a Twilio channel, and what it can do with them."""

from __future__ import annotations

import re
from base64 import b64encode
from enum import StrEnum
from math import inf
from typing import Any
from urllib.parse import urlsplit

import attrs

from treckk_gateway.adapters.twilio.content import MOST_BUTTONS, MOST_LINES, Offering
from treckk_gateway.channel import Capabilities, TemplateTable, TextForm
from treckk_gateway.model import DeliveryState, Secret

API = "https://api.twilio.com"
WINDOW = 86_400
"""Seconds WhatsApp lets free text pass after the person's last message (Twilio docs: WhatsApp, key concepts)."""
LONGEST_TEXT = 1600
"""Characters of one message, WhatsApp or SMS (Twilio docs: Message resource, Body)."""

_SANDBOX = "whatsapp:+14155238886"
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_CONTENT = re.compile(r"HX[0-9a-f]{32}")
_SHARED_KEY = re.compile(r"[^\s=,]+=\S+")
_SENDERS = {
    "whatsapp": re.compile(r"whatsapp:\+[1-9]\d{6,14}"),
    "number": re.compile(r"\+[1-9]\d{6,14}|\d{3,8}"),
    "name": re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}"),
}
_SMS_RECEIPTS = frozenset(
    {
        DeliveryState.ACCEPTED,
        DeliveryState.SENDING,
        DeliveryState.SENT,
        DeliveryState.DELIVERED,
        DeliveryState.FAILED,
    }
)


class SenderKind(StrEnum):
    """What a sender is: a WhatsApp number, an SMS number (or short code), or a name that only goes out."""

    WHATSAPP = "whatsapp"
    NUMBER = "number"
    NAME = "name"

    @classmethod
    def of(cls, sender: str) -> SenderKind:
        """The kind of a sender as written in the settings. Raises `ValueError` when it is none."""
        for kind, shape in _SENDERS.items():
            if shape.fullmatch(sender):
                return cls(kind)
        raise ValueError("sender is written whatsapp:+62..., +62... or as a name of at most 11 letters and digits")


def _secrets(written: Secret | tuple[Secret, ...]) -> tuple[Secret, ...]:
    return (written,) if isinstance(written, Secret) else tuple(written)


def _account(_: object, __: object, written: str) -> None:
    if not _ACCOUNT.fullmatch(written):
        raise ValueError("account_sid is AC and 32 characters of 0-9 and a-f, as the Twilio console shows it")


def _tokens(_: object, __: object, tokens: tuple[Secret, ...]) -> None:
    if not tokens:
        raise ValueError("auth_token is required: the account's token, or several while it is changed")


def _keys(_: object, __: object, keys: tuple[Secret, ...]) -> None:
    if not all(_SHARED_KEY.fullmatch(key.reveal()) for key in keys):
        raise ValueError("each of shared_keys holds KEY_ID=SECRET")


def _keys_only(options: Any, _: object, only: bool) -> None:  # noqa: ANN401, FBT001 a validator of attrs
    if only and not options.shared_keys:
        raise ValueError("shared_keys_only needs shared_keys")


def _sender(_: object, __: object, written: str) -> None:
    SenderKind.of(written)


def _base(_: object, __: object, written: str) -> None:
    parts = urlsplit(written)
    odd = parts.query or parts.fragment or "@" in parts.netloc or parts.path.strip("/")
    if parts.scheme not in {"https", "http"} or not parts.hostname or odd:
        raise ValueError(f"api_base_url is written like {API}, without a path")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _positive(_: object, field: attrs.Attribute[float], number: float) -> None:
    if not 0 < number < inf:
        raise ValueError(f"{field.name} is a number above 0")


def _contents(options: Any, _: object, table: TemplateTable) -> None:  # noqa: ANN401 a validator of attrs
    if table and SenderKind.of(options.sender) is not SenderKind.WHATSAPP:
        raise ValueError("templates are for WhatsApp senders: over SMS any text may leave at any time")
    for update, by_language in table.items():
        for language, one in by_language.items():
            if not _CONTENT.fullmatch(one.name):
                where = f"templates.{update}.{language}"
                raise ValueError(f"{where}: name is a ContentSid, HX and 32 characters of 0-9 and a-f")


def _offering(options: Any, _: object, offering: Offering) -> None:  # noqa: ANN401 a validator of attrs
    if (offering.buttons or offering.lists) and SenderKind.of(options.sender) is not SenderKind.WHATSAPP:
        raise ValueError("choices are for WhatsApp senders: an SMS has nothing to tap")
    for name, table, most in (("buttons", offering.buttons, MOST_BUTTONS), ("lists", offering.lists, MOST_LINES)):
        for count, sid in table.items():
            if count not in map(str, range(1, most + 1)):
                raise ValueError(f"choices.{name}: {count!r} is no number of answers from 1 to {most}")
            if not _CONTENT.fullmatch(sid):
                raise ValueError(f"choices.{name}.{count} is a ContentSid, HX and 32 characters of 0-9 and a-f")


@attrs.frozen(kw_only=True)
class TwilioOptions:
    """`[channels.NAME]` with `adapter = "twilio"`.

    `auth_token` is the token of the account that owns the sender; while it is changed, give both, the one to send
    with first. `sender` is `whatsapp:+62...`, `+62...` or a registered name. `shared_keys` are SharedKey secrets, each
    a secret that holds `KEY_ID=SECRET`; with `shared_keys_only` webhooks signed with the token are refused.
    `templates` name approved contents (`name` is the ContentSid) for what leaves more than 24 hours after a person's
    last message, `choices` contents with buttons and lists for what leaves before. `inbound` says whether people can
    write to the sender, where that is not plain from it. `timeout` is the longest one call may take, in seconds.
    `rate` is how many messages a second Twilio lets the sender send, where it is not the usual: 80 over WhatsApp, 1
    over SMS. `recover_every` is after how many seconds Twilio is asked for messages whose webhook never came; 0 for
    never.
    """

    account_sid: str = attrs.field(validator=_account)
    auth_token: tuple[Secret, ...] = attrs.field(converter=_secrets, validator=_tokens)
    sender: str = attrs.field(validator=_sender)
    shared_keys: tuple[Secret, ...] = attrs.field(default=(), converter=_secrets, validator=_keys)
    shared_keys_only: bool = attrs.field(default=False, validator=_keys_only)
    api_base_url: str = attrs.field(default=API, converter=_without_slash, validator=_base)
    templates: TemplateTable = attrs.field(factory=dict, validator=_contents)
    choices: Offering = attrs.field(factory=Offering, validator=_offering)
    inbound: bool | None = None
    timeout: float = attrs.field(default=35.0, validator=_positive)
    recover_every: float = attrs.field(default=300.0, validator=attrs.validators.ge(0))
    rate: float | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))

    def keyring(self) -> dict[str, bytes]:
        """The SharedKey secrets by key id."""
        return {name: secret.encode() for name, _, secret in (key.reveal().partition("=") for key in self.shared_keys)}


def basic(name: str, secret: str) -> str:
    """The value of an `Authorization` header: as much a secret as what it is made of."""
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode("ascii")


def capabilities(options: TwilioOptions) -> Capabilities:
    """What the configured sender can do. Rates: Twilio docs, WhatsApp rate limits; SMS long code."""
    kind = SenderKind.of(options.sender)
    if kind is SenderKind.WHATSAPP:
        tried_out = options.sender == _SANDBOX
        return Capabilities(
            schemes=frozenset({"whatsapp"}),
            inbound=options.inbound is not False,
            recover_every=_recovery(options, inbound=options.inbound is not False),
            form=TextForm.CHAT,
            bold=True,
            media_in=True,
            location=True,
            receipts=_SMS_RECEIPTS | {DeliveryState.READ},
            reply_window=WINDOW,
            templates=bool(options.templates),
            choices=options.choices.most,
            max_text=LONGEST_TEXT,
            rate=options.rate or (1 / 3 if tried_out else 80.0),
            burst=max(1, round(options.rate / 2)) if options.rate else 1 if tried_out else 40,
            lookup=True,
        )
    inbound = _takes_sms(options.sender, kind) if options.inbound is None else options.inbound
    return Capabilities(
        schemes=frozenset({"sms"}),
        inbound=inbound,
        recover_every=_recovery(options, inbound=inbound),
        form=TextForm.SMS,
        media_in=inbound,
        receipts=_SMS_RECEIPTS,
        max_text=LONGEST_TEXT,
        segments=True,
        rate=options.rate or 1.0,
        burst=max(1, round((options.rate or 1.0) / 2)),
        lookup=True,
    )


def _takes_sms(sender: str, kind: SenderKind) -> bool:
    """Twilio carries no SMS from Indonesia to a sender of its own (Twilio docs: Indonesia SMS guidelines)."""
    return kind is SenderKind.NUMBER and not sender.startswith("+62")


def _recovery(options: TwilioOptions, *, inbound: bool) -> float | None:
    return options.recover_every if inbound and options.recover_every else None
