"""Each way to be wrong is caught by the check meant for it.

That an honest channel passes is shown where the kit is subclassed: test_fakes.py and the adapters' own tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import misbehaviour as bad
import pytest

from treckk_gateway.channel import ChannelContext, MediaSource, ParseMode
from treckk_gateway.channel.templates import ApprovedTemplate
from treckk_gateway.errors import OptedOut, PayloadError, Scope, SignatureError
from treckk_gateway.model import DeliveryState, Secret
from treckk_gateway.testing import Fault, MemoryChannel, quality, tampering
from treckk_gateway.testing.conformance import ChannelConformance, Refusal, Sample

HONEST = MemoryChannel.named()
SAID = {"id": "m-1", "from": "memory:budi-0001", "text": "lampu jalan padam", "name": "Budi Contoh"}


class Kit(ChannelConformance):
    """Filled in for a channel class of the memory protocol; not collected, since its name does not begin with Test."""

    secrets = ("memory-secret",)
    signature_headers = ("X-Memory-Signature",)
    refusals = (Refusal("opted out", OptedOut("memory_stop", "scripted"), OptedOut, Scope.ADDRESS),)

    def __init__(self, kind):
        self.kind = kind

    def channel(self, stand_in=None):
        return stand_in or self.kind.named()

    def sign(self, body):
        return HONEST.signed(body)

    def samples(self):
        yield Sample("a message", HONEST.signed(SAID), {"text": "lampu jalan padam"})
        more = {"id": "m-2", "from": "memory:siti-0002", "text": "pohon tumbang", "name": "Siti Contoh"}
        yield Sample("another", HONEST.signed(more), {"text": "pohon tumbang"})
        for status in ("sent", "delivered", "failed"):
            receipt = {"id": "r-1", "delivery_id": "d-1", "status": status}
            yield Sample(status, HONEST.signed(receipt), {"state": DeliveryState(status)})

    def unknown(self):
        yield Sample("status", HONEST.signed({"id": "r-2", "delivery_id": "d-1", "status": "lost"}))
        yield Sample("kind", HONEST.signed({"id": "m-2", "from": "memory:budi-0001", "kind": "dance"}))

    def stranger(self):
        context = ChannelContext(channel_id="memory", webhook_url=HONEST.signed(b"").url)
        return self.kind(MemoryChannel.Options(secret=Secret("another-secret")), context)

    @contextlib.asynccontextmanager
    async def stand_in(self):
        yield self.channel()


def claiming(base=MemoryChannel, **changes):
    """A channel with other claims."""

    class Claiming(base):
        def __init__(self, options, context, *, capabilities=HONEST.capabilities):
            super().__init__(options, context, capabilities=attrs.evolve(capabilities, **changes))

    return Claiming


def altering(**methods):
    """A channel with other methods; each is called with the honest one first."""

    class Altering(MemoryChannel):
        pass

    def method(name, body):
        honest = getattr(MemoryChannel, name, None)
        if inspect.iscoroutinefunction(body):

            async def altered(self, *args):
                return await body(honest and functools.partial(honest, self), *args)
        else:

            def altered(self, *args):
                return body(honest and functools.partial(honest, self), *args)

        setattr(Altering, name, altered)

    for name, body in methods.items():
        method(name, body)
    return Altering


async def run(kit, check, request):
    """Call one check as pytest would, with the fixtures it asks for."""
    function = getattr(kit, check)
    given = {name: request.getfixturevalue(name) for name in inspect.signature(function).parameters if name != "fault"}
    faults = list(Fault) if "fault" in inspect.signature(function).parameters else [None]
    for fault in faults:
        if fault in (Fault.MOVED, Fault.GARBAGE):  # a channel without addresses and bodies is well under these
            continue
        result = function(**given, **({"fault": fault} if fault else {}))
        if inspect.isawaitable(result):
            await result


class Unpicklable(claiming(parse=ParseMode.DEFERRED)):
    def __init__(self, options, context, **more):
        super().__init__(options, context, **more)
        self.reading = lambda body: body


class HoldsFiles(altering(parse=bad.links_a_file)):
    def media_source(self, ref):
        return MediaSource(url=f"https://files.example.org/{ref}", headers={"Authorization": "memory-secret"})


class Listens(claiming(webhook=False, listens=True)):
    async def listen(self, deliver):
        """Nothing listens here."""

    async def quiet(self):
        """Nothing ends here."""

    def verify(self, _request):
        return None


def glancing(look):
    """A channel with a glance, which is given the honest `parse` first."""

    class Glances(MemoryChannel):
        def glance(self, request):
            return look(self.parse, request)

    return Glances


class HoldsFilesAnywhere(altering(parse=bad.links_a_file)):
    def media_source(self, ref):
        return MediaSource(url=f"https://files.example.org{ref}", headers={"A": "x"}, hosts=("files.example.org",))


class NamesAnyHost(altering(parse=bad.links_a_file)):
    def media_source(self, ref):
        return MediaSource(url=ref, hosts=(urlsplit(ref).hostname or "",))


class StumblesOverRefs(altering(parse=bad.links_a_file)):
    def media_source(self, ref):
        ref.encode()
        return MediaSource(url=f"https://files.example.org/{ref}", hosts=("files.example.org",))


def with_options(**fields):
    """A channel with other settings."""
    return type("Optioned", (MemoryChannel,), {"Options": attrs.make_class("Options", fields, frozen=True)})


def with_files(base):
    """The channel claiming the files it brings."""
    return claiming(base, media_in=True)


def with_template(base):
    """A channel with an approved template."""
    table = {"resolved": {"id": ApprovedTemplate(name="KIT-TEMPLATE", variables=("nomor",))}}
    return type("Templated", (base,), {"templates": table})


def looking_up(body):
    """A channel that looks up, so."""
    return claiming(altering(lookup=body), lookup=True)


def closing_late(base):
    """A channel that cannot be opened again once it was closed."""

    class Late(base):
        async def open(self):
            if getattr(self, "ended", False):
                raise RuntimeError("was closed")

        async def close(self):
            self.ended = True

    return Late


class ForgetsToClose(MemoryChannel):
    async def send(self, message):
        if getattr(self, "ended", False):
            raise RuntimeError("session is closed")
        return await super().send(message)

    async def close(self):
        self.ended = True

    async def open(self):
        self.ended = False


FORGED = "test_forged_requests_are_refused"
PURE = "test_parse_is_pure"
HOSTILE = "test_hostile_bodies_are_items_or_payload_errors"
UNKNOWN = "test_unknown_words_are_kept_as_unknown"
CLAIMS = "test_claims_are_complete_and_typed"
MATCH = "test_claims_match_the_samples"
ARRIVES = "test_a_message_reaches_the_provider_under_our_id"
FAULTS = "test_faults_are_typed_and_in_time"
CANCELLED = "test_a_cancelled_send_stops_and_the_channel_goes_on"
RECEIVING = "test_receiving_tells_nothing_in_logs_or_errors"
SENDING = "test_sending_tells_nothing_in_logs_or_errors"
ACKNOWLEDGED = "test_what_was_kept_is_acknowledged"
GLANCE = "test_a_glance_says_what_parse_says"
PROXY = "test_a_proxy_between_changes_nothing"
UNITS = "test_values_are_in_their_units"
TOLD = "test_receipts_name_their_delivery"
INVENTED = "test_an_invented_status_moves_nothing"
ADDED = "test_fields_added_one_day_change_nothing"
FILES = "test_files_left_with_the_provider_can_be_fetched"
BENT_FILES = "test_a_forged_file_reference_gets_no_credentials"
SECRETS = "test_secrets_are_held_as_secrets"
CUT = "test_a_text_is_never_cut_in_silence"
ODD = "test_odd_texts_and_addresses_are_taken_or_rejected"
ELSEWHERE = "test_an_address_of_another_scheme_is_rejected"
CARRIES = "test_what_a_message_carries_reaches_the_provider"
REFUSED = "test_refusals_mean_what_the_provider_means"
LOOKUP = "test_what_was_sent_can_be_looked_up"
CLOSED = "test_a_closed_channel_opens_again_and_leaves_nothing"
DOCTOR = "test_the_doctor_is_told_in_words"
KEYS = "test_dedupe_keys_are_stable_and_distinct"

BROKEN = [
    (altering(verify=bad.takes_everything), FORGED, "took it as genuine"),
    (altering(verify=bad.takes_everything_later), FORGED, "took it as genuine"),
    (altering(verify=bad.ignores_the_address), FORGED, "query added to: verify took it"),
    (altering(verify=bad.takes_the_first_of_two), FORGED, "sent twice: verify took it"),
    (altering(verify=bad.ignores_an_absent_signature), FORGED, "dropped: verify took it"),
    (altering(verify=bad.stumbles_over_odd_headers), FORGED, "verify raised UnicodeEncodeError"),
    (altering(verify=bad.stumbles_over_odd_addresses), FORGED, "no text: verify raised UnicodeEncodeError"),
    (altering(verify=bad.takes_everything), "test_a_stranger_is_refused", "another secret"),
    (altering(parse=bad.random_ids), PURE, "parsed twice"),
    (altering(parse=bad.asks_the_clock), PURE, "parsed twice"),
    (altering(parse=bad.reads_a_header_it_does_not_keep), PURE, "kept_headers"),
    (altering(parse=bad.goes_to_the_network), PURE, "opens no connection"),
    (altering(parse=bad.gives_an_iterator), PURE, "a sequence"),
    (altering(parse=bad.gives_plain_dicts), PURE, "neither a message nor a receipt"),
    (altering(parse=bad.cannot_be_stored), PURE, "changed by being stored"),
    (altering(parse=bad.can_be_changed), PURE, "can be changed"),
    (altering(parse=bad.lets_errors_through), HOSTILE, "parse raised JSONDecodeError"),
    (altering(parse=bad.is_slow_with_long_bodies), HOSTILE, "more than two seconds"),
    (altering(parse=bad.makes_something_of_everything), "test_genuine_nonsense_is_a_payload_error", "nonsense 0"),
    (altering(parse=bad.guesses_unknown_words), UNKNOWN, "became failed"),
    (altering(parse=bad.drops_unknown_words), UNKNOWN, "lost the request"),
    (altering(parse=bad.one_key_for_all), KEYS, "has the dedupe key of"),
    (altering(parse=bad.blank_keys), KEYS, "empty dedupe key"),
    (altering(parse=bad.loses_the_text), "test_samples_say_what_is_expected", "text is ''"),
    (glancing(bad.glances_at_another_key), GLANCE, "something else than parse"),
    (glancing(bad.glances_at_receipts), GLANCE, "something else than parse"),
    (glancing(bad.glances_at_nonsense), GLANCE, "in what parse refuses"),
    (glancing(bad.glances_and_stumbles), GLANCE, "glance raised PayloadError"),
    (glancing(bad.never_glances), GLANCE, "no sample is seen"),
    (claiming(schemes=frozenset()), CLAIMS, "at least one address scheme"),
    (claiming(schemes=frozenset({"Memory"})), CLAIMS, "lower case"),
    (claiming(receipts=frozenset({DeliveryState.UNKNOWN})), CLAIMS, "no receipt claims"),
    (claiming(lookup=True), CLAIMS, "lookup says"),
    (claiming(listens=True), CLAIMS, "what listens has"),
    (claiming(rate=0.0), CLAIMS, "rate is positive"),
    (claiming(max_text=0), CLAIMS, "max_text"),
    (claiming(inbound=False, outbound=False), CLAIMS, "in or out"),
    (claiming(webhook=False), CLAIMS, "by webhook or listener"),
    (type("Named", (MemoryChannel,), {"kind": "web"}), "test_its_entry_point_names_this_class", "names another class"),
    (claiming(schemes=frozenset({"sms"})), MATCH, "not claimed: .'memory'"),
    (claiming(media_in=True), MATCH, "media_in"),
    (claiming(location=True), MATCH, "location"),
    (claiming(inbound=False), MATCH, "inbound"),
    (claiming(receipts=frozenset({DeliveryState.SENT})), MATCH, "receipts shown"),
    (claiming(receipts=HONEST.capabilities.receipts | {DeliveryState.READ}), MATCH, "receipts shown"),
    (with_files(altering(parse=bad.links_a_file)), FILES, "there is media_source"),
    (with_files(HoldsFiles), FILES, "named hosts only"),
    (with_files(HoldsFilesAnywhere), BENT_FILES, "our credentials would go to another host"),
    (with_files(NamesAnyHost), BENT_FILES, "names the hosts that may be asked"),
    (with_files(StumblesOverRefs), BENT_FILES, "media_source raised UnicodeEncodeError"),
    (with_options(token=attrs.field(type=str)), SECRETS, "its type is Secret"),
    (with_options(pin=attrs.field(type=Secret, default=Secret("1234"))), SECRETS, "built in"),
    (altering(verify=bad.asks_in_one_case_only), PROXY, "headers in lower case: a genuine request was refused"),
    (altering(verify=bad.trusts_the_host_header), PROXY, "headers of a proxy: a genuine request was refused"),
    (altering(parse=bad.reads_a_header_it_does_not_like), PROXY, "parsed to something else"),
    (altering(parse=bad.counts_in_seconds), UNITS, "microseconds"),
    (altering(parse=bad.writes_numbers_bare), UNITS, "is written .62"),
    (altering(parse=bad.stands_on_the_null_island), UNITS, "never 0,0"),
    (altering(parse=bad.brings_an_empty_file), UNITS, "either content or ref"),
    (altering(parse=bad.forgets_the_delivery), TOLD, "names neither"),
    (altering(parse=bad.forgets_the_word), TOLD, "own word"),
    (altering(parse=bad.opts_out_by_a_success), TOLD, "only a failure"),
    (altering(parse=bad.takes_new_words_for_delivered), INVENTED, "became delivered"),
    (altering(parse=bad.refuses_new_words), INVENTED, "no nonsense"),
    (altering(parse=bad.refuses_new_fields), ADDED, "became a PayloadError"),
    (altering(parse=bad.reads_all_fields), ADDED, "changed what it says"),
    (altering(parse=bad.takes_an_empty_id_for_a_key), "test_a_missing_field_glues_no_two_messages", "dedupe key of"),
    (altering(parse=bad.hoards_memory), "test_large_bodies_stay_within_bounds", "parse took 8. MB"),
    (altering(acknowledge=bad.fails_when_parked), ACKNOWLEDGED, "kept, yet answered 500"),
    (altering(acknowledge=bad.tells_duplicates_apart), ACKNOWLEDGED, "a duplicate is answered differently"),
    (altering(send=bad.pretends), ARRIVES, "reaches the provider"),
    (altering(send=bad.invents_its_own_id), ARRIVES, "reaches the provider"),
    (altering(send=bad.gives_nothing), ARRIVES, "returns a SendResult"),
    (altering(send=bad.says_it_failed), ARRIVES, "neither of these"),
    (altering(send=bad.sends_one_at_a_time_or_not_at_all), "test_messages_sent_at_once_all_arrive", "is missing"),
    (
        claiming(altering(send=bad.cannot_take_what_it_claims), max_text=500),
        "test_the_longest_text_is_taken",
        "did not arrive",
    ),
    (claiming(altering(send=bad.repeats_as_another_message)), "test_a_repeat_is_the_same_message", "became another"),
    (claiming(altering(send=bad.cuts_long_texts), max_text=500), CUT, "cut in silence"),
    (claiming(altering(send=bad.counts_one_part), segments=True), CUT, "the text makes 3"),
    (altering(send=bad.stumbles_over_surrogates), ODD, "kit-odd-text-3 .*UnicodeEncodeError"),
    (altering(send=bad.stumbles_over_addresses), ODD, "kit-odd-address-3 .*UnicodeEncodeError"),
    (altering(send=bad.sends_anywhere), ELSEWHERE, "SendResult for an address of another scheme"),
    (altering(send=bad.stops_for_one_address), ELSEWHERE, "the scope is the message"),
    (altering(send=bad.gives_the_address_away), ELSEWHERE, "was given to the provider"),
    (claiming(subject=True), CARRIES, "subject is claimed"),
    (claiming(threads=True), CARRIES, "threads is claimed"),
    (claiming(choices=3), CARRIES, "choices is claimed"),
    (claiming(altering(send=bad.loses_a_message_to_its_buttons), choices=3), CARRIES, "cost the message"),
    (claiming(with_template(MemoryChannel), templates=True), CARRIES, "templates is claimed"),
    (claiming(templates=True), CLAIMS, "some to choose from"),
    (altering(send=bad.calls_an_opt_out_a_rejection), REFUSED, "opted out: Rejected, not OptedOut"),
    (claiming(reply_window=86_400), REFUSED, "by what word it is enforced"),
    (looking_up(bad.finds_nothing), LOOKUP, "does not find what was sent"),
    (looking_up(bad.finds_everything), LOOKUP, "what was never sent"),
    (looking_up(bad.finds_another), LOOKUP, "another message"),
    (looking_up(bad.finds_whatever_happens), LOOKUP, "while the provider failed"),
    (ForgetsToClose, CLOSED, "RuntimeError, not NotTaken"),
    (altering(close=bad.leaves_a_task), CLOSED, "close left . tasks running"),
    (altering(check=bad.finds_no_problem), DOCTOR, "has no problem with that"),
    (altering(check=bad.has_no_remedy), DOCTOR, "has a remedy"),
    (altering(check=bad.shows_its_secret), DOCTOR, "a secret"),
    (altering(send=bad.raises_something_else), FAULTS, "RuntimeError, not NotTaken"),
    (altering(send=bad.retries_blindly), FAULTS, "tried again"),
    (altering(send=bad.calls_a_timeout_not_taken), FAULTS, "NotTaken, not Uncertain"),
    (altering(send=bad.forgets_what_was_asked), FAULTS, "what the provider asked for"),
    (altering(send=bad.forgets_the_scope), FAULTS, "stop the channel"),
    (altering(send=bad.takes_its_time), FAULTS, "outlasts its timeout"),
    (altering(send=bad.swallows_cancellation), CANCELLED, "neither swallowed"),
    (altering(send=bad.turns_cancellation_into_an_error), CANCELLED, "neither swallowed"),
    (altering(parse=bad.logs_the_sender), RECEIVING, "an address, a name or a text"),
    (altering(parse=bad.logs_the_text_as_an_event), RECEIVING, "an address, a name or a text"),
    (altering(parse=bad.prints_the_body), RECEIVING, "an address, a name or a text"),
    (altering(parse=bad.quotes_the_body), RECEIVING, "an address, a name or a text"),
    (altering(verify=bad.quotes_the_secret), RECEIVING, "a secret"),
    (altering(send=bad.quotes_the_recipient), SENDING, "an address, a name or a text"),
    (altering(send=bad.logs_what_it_sends), SENDING, "an address, a name or a text"),
    (Listens, "test_a_listener_takes_no_webhook", "only listens: verify took it"),
]


@pytest.mark.parametrize(("kind", "check", "reason"), BROKEN)
async def test_a_broken_channel_is_caught(request, kind, check, reason):
    with pytest.raises(AssertionError, match=reason):
        await run(Kit(kind), check, request)


OWN_ERRORS = [
    (altering(verify=bad.refuses_everything), "test_genuine_requests_verify", SignatureError),
    (altering(parse=bad.refuses_unknown_words), UNKNOWN, PayloadError),
    (altering(close=bad.closes_only_once), "test_a_channel_closes_without_having_opened", RuntimeError),
    (altering(check=bad.speaks_in_exceptions), DOCTOR, OSError),
    (closing_late(MemoryChannel), CLOSED, RuntimeError),
    (claiming(outbound=False), "test_a_channel_that_only_listens_rejects_sending", pytest.fail.Exception),
    (Unpicklable, "test_a_deferred_channel_parses_the_same_in_a_copy", Exception),
]


@pytest.mark.parametrize(("kind", "check", "error"), OWN_ERRORS)
async def test_a_broken_channels_own_error_is_shown(request, kind, check, error):
    with pytest.raises(error):
        await run(Kit(kind), check, request)


@pytest.mark.parametrize("check", sorted({check for _, check, _ in BROKEN}))
async def test_each_of_these_checks_lets_an_honest_channel_pass(request, check):
    with contextlib.suppress(pytest.skip.Exception):
        assert await run(Kit(MemoryChannel), check, request) is None


def test_an_honest_glance_passes():
    Kit(glancing(bad.glances)).test_a_glance_says_what_parse_says()


@pytest.mark.parametrize("hook", ["channel", "samples", "sign", "stand_in"])
def test_a_hook_left_empty_is_named(hook):
    class Empty(ChannelConformance):
        pass

    with pytest.raises(pytest.fail.Exception, match=f"Empty must give `{hook}`"):
        getattr(Empty(), hook)(*([b""] if hook == "sign" else []))


def test_a_check_that_fails_says_what_to_do():
    with pytest.raises(AssertionError) as caught:
        Kit(claiming(rate=0.0)).test_claims_are_complete_and_typed()

    assert caught.traceback[-1].name == "test_claims_are_complete_and_typed", "the kit's own frames are left out"
    assert caught.value.__notes__ == [
        "What to do: Set `kind`, `channel_id`, `Options`, `kept_headers` and `capabilities` as the contract says."
    ]


def test_the_kit_is_some_forty_checks_in_less_than_four_hundred_lines():
    checks = quality.checks_of(ChannelConformance)
    modules = {inspect.getsourcefile(inspect.unwrap(getattr(ChannelConformance, f"test_{name}"))) for name in checks}

    assert 40 <= len(checks) <= 45
    assert len(modules) == 5
    assert sum(len(Path(one).read_text(encoding="utf-8").splitlines()) for one in modules) < 400


def test_each_check_is_shown_to_catch_something():
    caught = {check for _, check, _ in [*BROKEN, *OWN_ERRORS]}

    assert quality.checks_of(ChannelConformance) - {one.removeprefix("test_") for one in caught} == set()


def test_a_skipped_check_says_why():
    with pytest.raises(pytest.skip.Exception, match=r"capabilities\.parse is"):
        Kit(MemoryChannel).test_a_deferred_channel_parses_the_same_in_a_copy()


def test_what_stands_in_the_signature_headers_must_be_said():
    class Silent(Kit):
        signature_headers = ()

    with pytest.raises(AssertionError, match="signature_headers"):
        asyncio.run(Silent(MemoryChannel).test_forged_requests_are_refused())


# Tampering


def test_every_forgery_differs_from_the_genuine_request():
    genuine, other = HONEST.signed(SAID), HONEST.signed(b"other")
    forged = dict(tampering.forged(genuine, other, signature_headers=("X-Memory-Signature",)))

    assert len(forged) > 15
    for what, request in forged.items():
        same = (request.url, request.body, sorted(request.headers.items()))
        assert same != (genuine.url, genuine.body, sorted(genuine.headers.items())), what


def test_an_address_that_is_not_signed_is_left_alone():
    genuine = HONEST.signed(SAID)
    forged = tampering.forged(genuine, genuine, signature_headers=(), signs_url=False)

    assert {request.url for _, request in forged} == {genuine.url}


@pytest.mark.parametrize("body", [b"", b"{}", json.dumps(SAID).encode(), b"From=a&Body=&Body=b", b"\xff" * 500])
def test_hostile_bodies_are_many_and_always_the_same(body):
    first, again = list(tampering.hostile(body)), list(tampering.hostile(body))

    assert first == again
    assert len(first) > 15


def test_json_and_forms_are_bent_value_by_value():
    bent = dict(tampering.hostile(b'{"a": {"b": ["c"]}}'))
    assert json.loads(bent["a.b.0 set to None"]) == {"a": {"b": [None]}}

    bent = dict(tampering.hostile(b"From=a&Body=b"))
    assert (bent["From dropped"], bent["Body sent twice"]) == (b"Body=b", b"From=a&Body=b&Body=bx")
