"""How a channel can be wrong: each replaces one method of an honest channel, which it is given first."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import uuid

import attrs
import structlog

from treckk_gateway.channel import Envelope, Problem, WebhookRequest, WebhookResponse
from treckk_gateway.errors import NotTaken, OptedOut, PayloadError, Rejected, Scope, SignatureError, Uncertain
from treckk_gateway.model import Address, Attachment, DeliveryState, InboundMessage, Location, MediaKind, SendResult
from treckk_gateway.testing import MemoryChannel

_LEFT = []

# What verify does wrong


def takes_everything(_honest, _request):
    return None


def ignores_the_address(honest, request):
    honest(attrs.evolve(request, url=MemoryChannel.named().signed(b"").url))


def takes_the_first_of_two(honest, request):
    headers = {name: request.headers.getall(name)[0] for name in request.headers}
    honest(attrs.evolve(request, headers=WebhookRequest.of("", "", headers).headers))


def ignores_an_absent_signature(honest, request):
    if "X-Memory-Signature" in request.headers:
        honest(request)


def refuses_everything(_honest, _request):
    raise SignatureError("no")


def stumbles_over_odd_headers(honest, request):
    (request.header("X-Memory-Signature") or "0").encode("ascii")
    honest(request)


def stumbles_over_odd_addresses(honest, request):
    request.url.encode()
    honest(request)


async def takes_everything_later(_honest, _request):
    await asyncio.sleep(0)


# What parse does wrong


def random_ids(honest, request):
    return [attrs.evolve(one, dedupe_key=uuid.uuid4().hex) for one in honest(request)]


def asks_the_clock(honest, request):
    return [
        attrs.evolve(one, claimed_at=int(time.time())) if isinstance(one, InboundMessage) else one
        for one in honest(request)
    ]


def reads_a_header_it_does_not_keep(honest, request):
    shift = request.header("X-Memory-Signature") or "none"
    return [attrs.evolve(one, dedupe_key=f"{one.dedupe_key}{shift}") for one in honest(request)]


def reads_a_header_it_does_not_like(honest, request):
    seen = request.header("User-Agent") or "none"
    return [attrs.evolve(one, dedupe_key=f"{one.dedupe_key}{seen}") for one in honest(request)]


def goes_to_the_network(honest, request):
    import socket  # noqa: PLC0415 what a bad adapter would do

    with contextlib.suppress(OSError), socket.socket() as connection:
        connection.connect(("127.0.0.1", 9))
    return honest(request)


def cannot_be_stored(honest, request):
    found = honest(request)
    return [attrs.evolve(one, subject=b"x") if isinstance(one, InboundMessage) else one for one in found]


def can_be_changed(honest, request):
    found = honest(request)
    return [attrs.evolve(one, reply_ids=[]) if isinstance(one, InboundMessage) else one for one in found]


def gives_an_iterator(honest, request):
    return iter(honest(request))


def gives_plain_dicts(_honest, request):
    return [json.loads(request.body)]


def lets_errors_through(_honest, request):
    return MemoryChannel.named().parse(attrs.evolve(request, body=json.dumps(json.loads(request.body)).encode()))


def makes_something_of_everything(honest, request):
    try:
        return honest(request)
    except PayloadError:
        return [InboundMessage(dedupe_key=repr(request.body[:99]), sender=Address("memory", "somebody"))]


def one_key_for_all(honest, request):
    return [attrs.evolve(one, dedupe_key="message") for one in honest(request)]


def blank_keys(honest, request):
    return [attrs.evolve(one, dedupe_key=" ") for one in honest(request)]


def guesses_unknown_words(honest, request):
    return [
        attrs.evolve(one, unsupported=None)
        if isinstance(one, InboundMessage)
        else attrs.evolve(one, state=DeliveryState.FAILED if one.state is DeliveryState.UNKNOWN else one.state)
        for one in honest(request)
    ]


def drops_unknown_words(honest, request):
    return [one for one in honest(request) if getattr(one, "state", None) is not DeliveryState.UNKNOWN]


def refuses_unknown_words(honest, request):
    if b"lost" in request.body:
        raise PayloadError("unknown status")
    return honest(request)


def loses_the_text(honest, request):
    return [attrs.evolve(one, text="") if isinstance(one, InboundMessage) else one for one in honest(request)]


def links_a_file(honest, request):
    file = Attachment(kind=MediaKind.IMAGE, ref="7")
    return [
        attrs.evolve(one, attachments=(file,)) if isinstance(one, InboundMessage) else one for one in honest(request)
    ]


def is_slow_with_long_bodies(honest, request):
    if len(request.body) > 50_000:
        end = time.process_time() + 2.1
        while time.process_time() < end:
            pass
    return honest(request)


def asks_in_one_case_only(honest, request):
    headers = {name: value for name, value in request.headers.items() if name == "X-Memory-Signature"}
    honest(attrs.evolve(request, headers=WebhookRequest.of("", "", headers).headers))


def trusts_the_host_header(honest, request):
    host = request.header("X-Forwarded-Host") or "gateway.example.org"
    honest(attrs.evolve(request, url=request.url.replace("gateway.example.org", host)))


def counts_in_seconds(honest, request):
    return [attrs.evolve(one, claimed_at=1_795_500_000) for one in honest(request)]


def writes_numbers_bare(honest, request):
    return [
        attrs.evolve(one, sender=Address("sms", "6281200000001")) if isinstance(one, InboundMessage) else one
        for one in honest(request)
    ]


def stands_on_the_null_island(honest, request):
    return [
        attrs.evolve(one, location=Location(lat=0.0, lng=0.0)) if isinstance(one, InboundMessage) else one
        for one in honest(request)
    ]


def brings_an_empty_file(honest, request):
    return [
        attrs.evolve(one, attachments=(Attachment(kind=MediaKind.IMAGE),)) if isinstance(one, InboundMessage) else one
        for one in honest(request)
    ]


def forgets_the_delivery(honest, request):
    return [one if isinstance(one, InboundMessage) else attrs.evolve(one, delivery_id=None) for one in honest(request)]


def forgets_the_word(honest, request):
    return [one if isinstance(one, InboundMessage) else attrs.evolve(one, raw_status="") for one in honest(request)]


def opts_out_by_a_success(honest, request):
    return [one if isinstance(one, InboundMessage) else attrs.evolve(one, opted_out=True) for one in honest(request)]


def takes_new_words_for_delivered(honest, request):
    return [
        attrs.evolve(one, state=DeliveryState.DELIVERED) if getattr(one, "state", "") is DeliveryState.UNKNOWN else one
        for one in honest(request)
    ]


def refuses_new_words(honest, request):
    found = honest(request)
    if any(getattr(one, "state", None) is DeliveryState.UNKNOWN for one in found):
        raise PayloadError("unknown status")
    return found


def refuses_new_fields(honest, request):
    if b"kit-never" in request.body:
        raise PayloadError("unknown field")
    return honest(request)


def reads_all_fields(honest, request):
    tree = json.loads(request.body)
    return [
        attrs.evolve(one, text=" ".join(map(str, tree.values()))) if isinstance(one, InboundMessage) else one
        for one in honest(request)
    ]


def takes_an_empty_id_for_a_key(honest, request):
    tree = json.loads(request.body) | {"id": "x"}
    found = honest(attrs.evolve(request, body=json.dumps(tree).encode()))
    key = json.loads(request.body).get("id", "none")
    return [attrs.evolve(one, dedupe_key=key) if isinstance(one, InboundMessage) else one for one in found]


def hoards_memory(honest, request):
    hoard = [bytes(1000) for _ in range(80_000)] if len(request.body) > 200_000 else []
    return honest(request) if hoard is not None else []


# What a glance does wrong


def glances(honest, request):
    """An honest one: messages only, by what parse says of them."""
    try:
        (found,) = honest(request)
    except PayloadError:
        return None
    return Envelope(dedupe_key=found.dedupe_key, sender=found.sender) if isinstance(found, InboundMessage) else None


def glances_at_another_key(honest, request):
    seen = glances(honest, request)
    return seen and attrs.evolve(seen, dedupe_key=seen.dedupe_key.upper())


def glances_at_receipts(honest, request):
    return glances(honest, request) or Envelope(dedupe_key="receipt")


def glances_at_nonsense(honest, request):
    return glances(honest, request) or (None if b"status" in request.body else Envelope(dedupe_key="odd"))


def glances_and_stumbles(honest, request):
    (found,) = honest(request)
    return glances(lambda _request: (found,), request)


def never_glances(_honest, _request):
    return None


# What the answer does wrong


def fails_when_parked(_honest, _request, accepted):
    return WebhookResponse(500 if accepted.parked else 200)


def tells_duplicates_apart(_honest, _request, accepted):
    return WebhookResponse(200, b"duplicate" if accepted.duplicate else b"ok")


# What send does wrong


async def pretends(_honest, _message):
    return SendResult()


async def invents_its_own_id(honest, message):
    return await honest(attrs.evolve(message, delivery_id=uuid.uuid4().hex))


async def loses_a_message_to_its_buttons(honest, message):
    if any(len(one.label) > 20 for one in message.choices):
        raise Rejected("label_too_long", "a label is longer than a button")
    answers = " ".join(one.answer for one in message.choices)
    return await honest(attrs.evolve(message, text=f"{message.text} {answers}"))


async def gives_nothing(honest, message):
    await honest(message)


async def says_it_failed(honest, message):
    return attrs.evolve(await honest(message), state=DeliveryState.FAILED)


async def raises_something_else(honest, message):
    try:
        return await honest(message)
    except NotTaken as problem:
        raise RuntimeError("no connection") from problem


async def retries_blindly(honest, message):
    try:
        return await honest(message)
    except Uncertain:
        return await honest(message)


async def calls_a_timeout_not_taken(honest, message):
    try:
        return await honest(message)
    except Uncertain as problem:
        raise NotTaken(problem.code, problem.reason) from problem


async def forgets_what_was_asked(honest, message):
    try:
        return await honest(message)
    except NotTaken as problem:
        raise NotTaken(problem.code, problem.reason) from problem


async def forgets_the_scope(honest, message):
    try:
        return await honest(message)
    except Rejected as problem:
        raise Rejected(problem.code, problem.reason) from problem


async def takes_its_time(honest, message):
    return await honest(attrs.evolve(message, timeout=message.timeout * 4))


async def swallows_cancellation(honest, message):
    try:
        return await honest(message)
    except asyncio.CancelledError:
        return SendResult()


async def turns_cancellation_into_an_error(honest, message):
    try:
        return await honest(message)
    except asyncio.CancelledError:
        raise Uncertain("cancelled", "somebody gave up") from None


async def sends_one_at_a_time_or_not_at_all(honest, message):
    if "kit-many" in message.delivery_id and not message.delivery_id.startswith("kit-many-0"):
        return SendResult()
    return await honest(message)


async def cannot_take_what_it_claims(honest, message):
    return SendResult() if len(message.text) > 100 else await honest(message)


async def repeats_as_another_message(honest, message):
    return attrs.evolve(await honest(message), provider_message_id=uuid.uuid4().hex)


async def cuts_long_texts(honest, message):
    return await honest(attrs.evolve(message, text=message.text[:500]))


async def counts_one_part(honest, message):
    return attrs.evolve(await honest(message), parts=1)


async def stumbles_over_surrogates(honest, message):
    message.text.encode()
    return await honest(message)


async def stumbles_over_addresses(honest, message):
    message.recipient.value.encode()
    return await honest(message)


async def sends_anywhere(honest, message):
    return await honest(attrs.evolve(message, recipient=Address("memory", message.recipient.value)))


async def stops_for_one_address(honest, message):
    if message.recipient.scheme != "memory":
        raise Rejected("address", "no", scope=Scope.CHANNEL)
    return await honest(message)


async def gives_the_address_away(honest, message):
    with contextlib.suppress(Rejected):
        await honest(attrs.evolve(message, delivery_id=message.recipient.value, recipient=Address("memory", "x")))
    return await honest(message)


async def calls_an_opt_out_a_rejection(honest, message):
    try:
        return await honest(message)
    except OptedOut as problem:
        raise Rejected(problem.code, problem.reason) from problem


async def finds_nothing(_honest, _message, _since):
    return None


async def finds_everything(_honest, message, _since):
    return SendResult(provider_message_id=f"memory-{message.delivery_id}")


async def finds_another(_honest, message, _since):
    return SendResult(provider_message_id="memory-other") if "sought" in message.delivery_id else None


async def finds_whatever_happens(_honest, message, _since):
    return SendResult(provider_message_id="memory-kit-sought") if "sought" in message.delivery_id else None


async def leaves_a_task(_honest):
    _LEFT.append(asyncio.create_task(asyncio.sleep(3600)))


async def finds_no_problem(_honest):
    return []


async def has_no_remedy(_honest):
    return [Problem(summary="broken", remedy=" ")]


async def speaks_in_exceptions(_honest):
    raise OSError("unreachable")


async def shows_its_secret(_honest):
    return [Problem(summary="memory-secret is wrong", remedy="give another")]


# What is told too loudly


def logs_the_sender(honest, request):
    for one in honest(request):
        logging.getLogger("acme").debug("from %s", one.sender.text if isinstance(one, InboundMessage) else "nobody")
    return honest(request)


def logs_the_text_as_an_event(honest, request):
    found = honest(request)
    structlog.get_logger().info("message.received", text=getattr(found[0], "text", ""))
    return found


def prints_the_body(honest, request):
    print(request.body)  # noqa: T201 what a bad adapter would do
    return honest(request)


def quotes_the_body(honest, request):
    try:
        return honest(request)
    except PayloadError:
        raise PayloadError(f"cannot read {request.body!r}") from None


def quotes_the_secret(honest, request):
    try:
        honest(request)
    except SignatureError:
        raise SignatureError("not signed with memory-secret") from None


async def quotes_the_recipient(honest, message):
    try:
        return await honest(message)
    except NotTaken as problem:
        raise NotTaken(problem.code, f"{message.recipient.value} cannot be reached") from problem


async def logs_what_it_sends(honest, message):
    logging.getLogger("acme").info("sending %s", message.text)
    return await honest(message)


async def closes_only_once(_honest):
    raise RuntimeError("was never open")
