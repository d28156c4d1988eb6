"""A stand-in for Twilio: its REST service, its signed webhooks, and the phones at the far end.

::

    async with TwilioSandbox() as twilio:
        twilio.connect("whatsapp:+6281100000000", webhook_url=PUBLIC, post_to=LOCAL)
        answer = await twilio.write("whatsapp:+6281200000000", "whatsapp:+6281100000000", "Ada parkir liar")
        [receipt] = await twilio.heard("whatsapp:+6281200000000")

The channel takes `api_base_url = twilio.url` and the sandbox's `account_sid` and `auth_token`.
Source: Twilio docs, Message resource; WhatsApp rules; Webhooks.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Self

from treckk_gateway.testing.sandbox.twilio_forms import extras_form, inbound_form, person_form, status_form
from treckk_gateway.testing.sandbox.twilio_ledger import Ledger, Message, Window, new_sid
from treckk_gateway.testing.sandbox.twilio_rest import RestServer, Twist
from treckk_gateway.testing.sandbox.twilio_webhooks import Caller, Signing, WebhookAnswer
from treckk_gateway.testing.stand_in import RETRY_AFTER, Fault

__all__ = ["Callbacks", "Message", "TwilioSandbox", "Twist", "WebhookAnswer", "Window"]

ACCOUNT_SID = "AC" + "5a" * 16
AUTH_TOKEN = "sandbox-token-0001"  # noqa: S105 made up, opens nothing

_WINDOW_CLOSED = 63016
_FAULTS = {
    Fault.BUSY: Twist(status=429, code=20429, retry_after=RETRY_AFTER),
    Fault.BROKEN: Twist(status=500, code=20500),
    Fault.SILENT: Twist(silent=True),
    Fault.DROPPED: Twist(cut=True),
    Fault.REJECTED: Twist(status=400, code=21620),
    Fault.DENIED: Twist(status=401, code=20003),
    Fault.GONE: Twist(status=410),
    Fault.MOVED: Twist(status=302),
    Fault.GARBAGE: Twist(status=200, garbage=True),
}


class Callbacks(StrEnum):
    """In which order status callbacks are posted; Twilio promises none."""

    IN_ORDER = "in_order"
    SHUFFLED = "shuffled"
    DOUBLED = "doubled"
    EARLY = "early"  # before the create call is answered
    NONE = "none"  # only by `report`


class TwilioSandbox:
    """Twilio on 127.0.0.1; an async context manager.

    `callbacks` and `window` may be changed at any time. `watch` is awaited with every message as it arrives at a
    phone. `messages` are all of the account, both directions, oldest first; their `status` moves on. `clock` gives
    seconds since 1970 and decides on the 24-hour window.
    """

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        port: int = 0,
        callbacks: Callbacks = Callbacks.IN_ORDER,
        window: Window = Window.OPEN,
        watch: Callable[[Message], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
        sids: Callable[[str], str] = new_sid,
        chance: random.Random | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.callbacks = callbacks
        self._signing = Signing(secret=auth_token)
        self._ledger = Ledger(clock=clock, sids=sids, window=window)
        self._rest = RestServer(
            self._ledger,
            account_sid=account_sid,
            auth_token=auth_token,
            port=port,
            before=self._before,
            after=self._after,
        )
        self._watch = watch
        self._chance = chance or random.Random(1)  # noqa: S311 a fixed shuffle, not a secret
        self._webhooks: dict[str, tuple[str, str | None]] = {}
        self._reach: dict[str, str] = {}
        self._arrived: list[Message] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._caller: Caller | None = None

    async def __aenter__(self) -> Self:
        await self._rest.__aenter__()
        self._caller = Caller(self._signing, self._local)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._calling().close()
        await self._rest.__aexit__()

    @property
    def url(self) -> str:
        """What goes into the channel's `api_base_url`. Known once entered."""
        return self._rest.url

    @property
    def messages(self) -> Sequence[Message]:
        """Every message, in and out, oldest first."""
        return self._ledger.messages

    @property
    def window(self) -> Window:
        """What happens to WhatsApp texts outside the 24 hours."""
        return self._ledger.window

    @window.setter
    def window(self, window: Window) -> None:
        self._ledger.window = window

    def connect(
        self, sender: str, *, webhook_url: str, post_to: str | None = None, fallback_url: str | None = None
    ) -> None:
        """Own a number whose messages go to `webhook_url`, as entered in Twilio's console (`#rc=3&rp=all` allowed).

        `webhook_url` is what is signed. Where it cannot be reached from here, `post_to` says where the same requests
        are posted instead; it stands for the address up to the query, in status callbacks too.
        """
        self._ledger.senders.add(sender)
        self._webhooks[sender] = (webhook_url, fallback_url)
        if post_to is not None:
            self._reach[webhook_url.partition("#")[0].partition("?")[0]] = post_to

    def use_shared_key(self, key_id: str, secret: str) -> None:
        """Sign webhooks with this SharedKey from now on, not with the auth token."""
        self._calling().signing = Signing(secret=secret, key_id=key_id)

    async def write(
        self,
        from_: str,
        to: str,
        text: str = "",
        *,
        name: str | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        location: tuple[float, float] | None = None,
        place: str | None = None,
        button: str | None = None,
        user_id: str | None = None,
        answers: str | None = None,
        sid: str | None = None,
        extra: Mapping[str, str] | None = None,
        lost: bool = False,
    ) -> WebhookAnswer:
        """A person writes: the number's webhook is posted, and its answer returned.

        `from_` and `to` are in Twilio's form (`whatsapp:+62...`, `+62...`, `whatsapp:ID.123`). `files` are content type
        and bytes; `location` is latitude and longitude, `place` its label; `user_id` the business-scoped id; `answers`
        the sid of a message replied to. A `sid` given again posts the same message again. `extra` adds or replaces
        fields. It opens the 24-hour window. With `lost` the webhook never comes: Twilio only lists the message. Text
        answered as `text/plain` goes to the phone, as Twilio would have it.
        """
        if to not in self._webhooks:
            msg = "connect the number first"
            raise LookupError(msg)
        message = (self._ledger.find(sid) if sid else None) or self._ledger.receive(from_, to, text, sid, list(files))
        fields = {
            **inbound_form(message, self.account_sid, self._media(message)),
            **person_form(from_, name, user_id),
            **extras_form(location=location, place=place, button=button, answers=answers, to=to),
            **(extra or {}),
        }
        if lost:
            return WebhookAnswer(sid=message.sid, attempts=0)
        url, fallback = self._webhooks[to]
        answer = await self._calling().call(url, list(fields.items()), sid=message.sid, fallback_url=fallback)
        await self._speak(answer, message)
        return answer

    async def report(self, sid: str, status: str, code: int | None = None) -> WebhookAnswer | None:
        """Post a status callback for a message of ours; `None` when the create call asked for none."""
        message = self._ledger.find(sid)
        if message is None:
            msg = "no such message"
            raise LookupError(msg)
        message.status, message.error_code = status, code
        return await self._post_status(message, status, code)

    async def heard(self, address: str, count: int = 1) -> list[Message]:
        """What arrived at that phone, once there are `count`, oldest first. Put a time-out around it."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.phone(address)) >= count)
        return self.phone(address)

    def phone(self, address: str) -> list[Message]:
        """What arrived at that phone so far, oldest first."""
        return [one for one in self._arrived if one.recipient == address]

    async def settled(self) -> None:
        """Return once every message taken has arrived or failed and every callback was posted."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def approve(self, sid: str, text: str) -> None:
        """Have an approved content of that `HX` sid; `{{1}}`, `{{2}}` in its text are filled by the variables sent."""
        self._ledger.contents[sid] = text

    def offer(self, sid: str, *, buttons: int = 0, lines: int = 0) -> None:
        """Have a content of that `HX` sid with so many buttons, or so many lines of a list; all of it is variables."""
        self._ledger.offers[sid] = (lines > 0, lines or buttons)

    async def tap(self, message: Message, count: int) -> WebhookAnswer:
        """The person taps that one of the choices (the first is 1) of a message that arrived."""
        label, name = message.choices[count - 1]
        tapped = (
            {"ListId": name, "ListTitle": label} if message.listed else {"ButtonText": label, "ButtonPayload": name}
        )
        extra = tapped | ({} if message.listed else {"ButtonType": "REPLY"})
        return await self.write(message.recipient, message.sender, label, answers=message.sid, extra=extra)

    def script(self, *twists: Twist) -> None:
        """Let the next create calls go so, one each, in this order."""
        self._rest.script.extend(twists)

    def block(self, sender: str, address: str, *, blocked: bool = True) -> None:
        """The person wants no messages from this sender: sending is refused with 21610."""
        (self._ledger.blocked.add if blocked else self._ledger.blocked.discard)((sender, address))

    def set_account(self, *, status: str = "active", kind: str = "Full") -> None:
        """What the Account resource says: `active`, `suspended` or `closed`; `Full` or `Trial`."""
        self._rest.account_status, self._rest.account_type = status, kind

    async def play(self, fault: Fault | Twist | None) -> None:
        """Answer every REST call so from now on; `None` is well."""
        twist = _FAULTS.get(fault) if isinstance(fault, Fault) else fault
        await self._rest.play(twist, refused=fault is Fault.REFUSED)

    async def reached(self) -> None:
        """Return once a whole REST call was read since the last `play`."""
        await self._rest.reached()

    def saw(self, text: str) -> int:
        """How many REST calls carried this text in their address, headers or body."""
        return sum(text.encode() in one for one in self._rest.seen)

    async def _before(self, message: Message, fails: int | None) -> None:
        if self.callbacks is Callbacks.EARLY:
            await self._fulfil(message, fails)

    def _after(self, message: Message, fails: int | None) -> None:
        if self.callbacks is not Callbacks.EARLY:
            task = asyncio.create_task(self._fulfil(message, fails))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fulfil(self, message: Message, fails: int | None) -> None:
        """Bring the message to the phone, or let it fail, and call back."""
        if fails is None and self._ledger.window is Window.FAILS and self._ledger.closed(message):
            fails = _WINDOW_CLOSED
        steps = ["sent", "failed" if fails == _WINDOW_CLOSED else "undelivered"] if fails else ["sent", "delivered"]
        steps += ["read"] if message.whatsapp and not fails else []
        message.status, message.error_code = steps[-1], fails
        if not fails:
            await self._arrive(message)
        await self._call_back(message, steps, fails)

    async def _call_back(self, message: Message, steps: list[str], fails: int | None) -> None:
        if self.callbacks is Callbacks.NONE:
            return
        if self.callbacks is Callbacks.DOUBLED:
            steps = [step for step in steps for _ in range(2)]
        if self.callbacks is Callbacks.SHUFFLED:
            self._chance.shuffle(steps)
        for step in steps:
            await self._post_status(message, step, fails if step in {"failed", "undelivered"} else None)

    async def _post_status(self, message: Message, status: str, code: int | None) -> WebhookAnswer | None:
        if message.status_callback is None:
            return None
        fields = status_form(message, self.account_sid, status, code)
        return await self._calling().call(message.status_callback, list(fields.items()), sid=message.sid)

    async def _arrive(self, message: Message) -> None:
        async with self._changed:
            self._arrived.append(message)
            self._changed.notify_all()
        if self._watch is not None:
            await self._watch(message)

    async def _speak(self, answer: WebhookAnswer, heard: Message) -> None:
        text = answer.body.decode("utf-8", "replace").strip()
        if answer.content_type == "text/plain" and text:
            reply = self._ledger.create({"From": heard.recipient, "To": heard.sender, "Body": text})
            reply.direction, reply.status = "outbound-reply", "delivered"
            await self._arrive(reply)

    def _media(self, message: Message) -> dict[str, str]:
        base = f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages/{message.sid}/Media"
        files = self._ledger.files.items()
        return {f"{base}/{file}": kind for (sid, file), (kind, _) in files if sid == message.sid}

    def _local(self, url: str) -> str:
        bare, mark, query = url.partition("?")
        return self._reach.get(bare, bare) + mark + query

    def _calling(self) -> Caller:
        if self._caller is None:
            msg = "the sandbox is used inside its `async with`"
            raise RuntimeError(msg)
        return self._caller
