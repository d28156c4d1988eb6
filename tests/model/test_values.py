from __future__ import annotations

import itertools
import math
import pickle
import string

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import NotTaken, Rejected, Scope, SendError, Uncertain
from treckk_gateway.model import (
    Actor,
    Address,
    Attachment,
    CaseUpdate,
    Consent,
    DeliveryReceipt,
    DeliveryState,
    Finding,
    InboundMessage,
    Intent,
    Location,
    MediaKind,
    OutboundMessage,
    PlaceSource,
    Role,
    Secret,
    Thread,
    Urgency,
)
from treckk_gateway.model.codec import decode, encode
from treckk_gateway.model.delivery import shown
from treckk_gateway.model.subject import best, flags, intent, urgency

D = DeliveryState
TEXT = st.text(max_size=40)
WORD = st.text(string.ascii_letters + string.digits + "-.:", min_size=1, max_size=12)
MAYBE = st.none() | TEXT
ADDRESSES = st.builds(Address, st.sampled_from(["whatsapp", "sms", "mailto", "web"]), WORD)
FILES = st.builds(
    Attachment,
    kind=st.sampled_from(MediaKind),
    filename=MAYBE,
    size=st.none() | st.integers(0, 2**53),
    ref=MAYBE,
    content=st.none() | st.binary(max_size=40),
)
PLACES = st.builds(
    Location,
    lat=st.none() | st.floats(-90, 90),
    lng=st.none() | st.floats(-180, 180),
    text=MAYBE,
    source=st.sampled_from(PlaceSource),
)
INSTANTS = st.none() | st.integers(-(2**53), 2**53)
INBOUND = st.builds(
    InboundMessage,
    dedupe_key=WORD,
    sender=ADDRESSES,
    text=TEXT,
    subject=MAYBE,
    sender_name=MAYBE,
    message_id=st.none() | WORD,
    attachments=st.lists(FILES, max_size=3).map(tuple),
    location=st.none() | PLACES,
    claimed_at=INSTANTS,
    reply_ids=st.lists(WORD, max_size=3).map(tuple),
    reply_token=MAYBE,
    aliases=st.lists(ADDRESSES, max_size=2).map(tuple),
    consent=st.none() | st.sampled_from(Consent),
    automatic=st.booleans(),
)
RECEIPTS = st.builds(
    DeliveryReceipt,
    dedupe_key=WORD,
    state=st.sampled_from(D),
    raw_status=TEXT,
    provider_message_id=st.none() | WORD,
    code=MAYBE,
    claimed_at=INSTANTS,
    scope=st.none() | st.sampled_from(Scope),
    opted_out=st.booleans(),
)
OUTBOUND = st.builds(
    OutboundMessage,
    delivery_id=WORD,
    attempt_id=WORD,
    recipient=ADDRESSES,
    text=TEXT,
    thread=st.builds(Thread, reply_token=MAYBE, last_id=MAYBE, earlier_ids=st.lists(TEXT, max_size=3).map(tuple)),
    reply=st.booleans(),
    version=st.none() | st.integers(0, 2**31),
)
UPDATES = st.builds(CaseUpdate, template=WORD, values=st.dictionaries(WORD, TEXT, max_size=3), urgent=st.booleans())
FINDINGS = st.builds(Finding, step=WORD, field=WORD, value=TEXT, confidence=st.floats(0, 1), reason=TEXT)


def found(field, value, confidence=1.0):
    return Finding(step="test", field=field, value=value, confidence=confidence)


@given(st.one_of(INBOUND, RECEIPTS, OUTBOUND, UPDATES, FINDINGS, ADDRESSES))
def test_a_value_survives_being_stored(value):
    assert decode(encode(value), type(value)) == value


@given(st.binary(max_size=60), st.sampled_from([InboundMessage, DeliveryReceipt, Finding, Address]))
def test_foreign_bytes_are_a_value_error_and_nothing_else(data, kind):
    try:
        value = decode(data, kind)
    except ValueError:
        return
    assert isinstance(value, kind)


@pytest.mark.parametrize("kind", [InboundMessage, DeliveryReceipt])
def test_an_empty_id_is_never_a_key(kind):
    rest = {"sender": Address("sms", "+62")} if kind is InboundMessage else {"state": D.SENT, "raw_status": "sent"}
    with pytest.raises(ValueError, match="dedupe_key"):
        kind(dedupe_key="", **rest)


@pytest.mark.parametrize(
    ("text", "scheme", "value"),
    [
        ("whatsapp:+6281200000000", "whatsapp", "+6281200000000"),
        (" WhatsApp:ID.4566546130240823 ", "whatsapp", "ID.4566546130240823"),
        ("mailto:Siti@Example.org", "mailto", "Siti@Example.org"),
        ("web:portal:77", "web", "portal:77"),
    ],
)
def test_an_address_is_split_at_its_first_colon(text, scheme, value):
    address = Address.parse(text)
    assert (address.scheme, address.value) == (scheme, value)
    assert Address.parse(address.text) == address


@pytest.mark.parametrize("text", ["", ":", "sms:", "sms:  ", ":+62", "+6281200000000"])
def test_half_an_address_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="written scheme:value") as refused:
        Address.parse(text)
    assert "+6281200000000" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("whatsapp:+6281200000000", "sms:+6281200000000", True),
        ("whatsapp:+6281200000000", "tel:+6281200000000", True),
        ("mailto:Siti@Example.org", "mailto:siti@example.org", True),
        ("whatsapp:ID.45", "sms:ID.45", False),
        ("whatsapp:ID.45", "whatsapp:ID.46", False),
        ("web:7", "sms:7", False),
        ("sms:3636", "whatsapp:3636", False),
    ],
)
def test_one_number_over_two_channels_is_one_identity(one, other, same):
    assert (Address.parse(one).identity == Address.parse(other).identity) is same


@given(INBOUND | OUTBOUND | ADDRESSES)
def test_nothing_a_person_is_or_wrote_stands_in_a_repr(value):
    marked = attrs.evolve(value, **{name: "MARKER" for name in ("text", "value", "subject") if hasattr(value, name)
                                    and name in attrs.fields_dict(type(value))})  # fmt: skip
    assert "MARKER" not in repr(marked)
    assert "MARKER" not in f"{marked}"


def test_a_repr_hides_every_field_of_a_person():
    sender = Address("whatsapp", "HIDDEN")
    place = Location(lat=-2.3391, lng=115.4802, text="HIDDEN")
    file = Attachment(kind=MediaKind.IMAGE, filename="HIDDEN", ref="HIDDEN", content=b"HIDDEN")
    message = InboundMessage(
        dedupe_key="k", sender=sender, text="HIDDEN", subject="HIDDEN", sender_name="HIDDEN", recipient="HIDDEN",
        attachments=(file,), location=place, reply_token="HIDDEN", aliases=(sender,),
    )  # fmt: skip
    thread = Thread(reply_token="HIDDEN")
    letter = OutboundMessage(
        delivery_id="d", attempt_id="a", recipient=sender, text="HIDDEN", subject="HIDDEN", thread=thread
    )
    update = CaseUpdate(template="receipt", values={"nama": "HIDDEN"})
    for value in (message, letter, update, found("intent", "spam"), Secret("HIDDEN")):
        for text in (repr(value), str(value), f"{value!r:.900}"):
            assert "HIDDEN" not in text
            assert "-2.3391" not in text
            assert "115.4802" not in text
    assert Secret("HIDDEN").reveal() == "HIDDEN"


@pytest.mark.parametrize(
    ("lat", "lng", "text", "expected"),
    [
        ("-2.3391", "115.48", None, (-2.3391, 115.48, None, PlaceSource.PIN)),
        (-2.3391, 115.48, " Pasar ", (-2.3391, 115.48, "Pasar", PlaceSource.PIN)),
        (-2, 115, "", (-2.0, 115.0, None, PlaceSource.PIN)),
        (0, 0, "Pasar", (None, None, "Pasar", PlaceSource.TEXT)),
        ("0.0", "-0.0", None, None),
        ("nan", "115", "Pasar", (None, None, "Pasar", PlaceSource.TEXT)),
        ("inf", "115", None, None),
        ("91", "115", None, None),
        ("-2", "181", None, None),
        ("1e999", "1", None, None),
        ("dua", "115", "Pasar", (None, None, "Pasar", PlaceSource.TEXT)),
        (None, None, "  ", None),
        (None, 115, None, None),
        ([], {}, None, None),
        (0, 115.48, None, (0.0, 115.48, None, PlaceSource.PIN)),
    ],
)
def test_a_claimed_place_is_read_tolerantly(lat, lng, text, expected):
    place = Location.read(lat, lng, text)
    assert (place and (place.lat, place.lng, place.text, place.source)) == expected


@given(st.floats() | TEXT | st.none() | st.integers(), st.floats() | TEXT | st.none() | st.integers(), MAYBE)
def test_whatever_place_is_claimed_it_is_on_the_globe_or_none(lat, lng, text):
    place = Location.read(lat, lng, text)
    if place is not None and place.lat is not None:
        assert math.isfinite(place.lat)
        assert abs(place.lat) <= 90
        assert abs(place.lng) <= 180
        assert (place.lat, place.lng) != (0, 0)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", MediaKind.IMAGE),
        ("IMAGE/PNG; name=x", MediaKind.IMAGE),
        ("audio/ogg; codecs=opus", MediaKind.AUDIO),
        ("video/3gpp", MediaKind.VIDEO),
        ("text/vcard", MediaKind.CONTACT),
        ("text/x-vcard; charset=utf-8", MediaKind.CONTACT),
        ("application/pdf", MediaKind.DOCUMENT),
        ("text/plain", MediaKind.DOCUMENT),
        ("chemical/x-pdb", MediaKind.OTHER),
        ("", MediaKind.OTHER),
        ("image", MediaKind.IMAGE),
    ],
)
def test_a_content_type_says_what_kind_of_file_it_is(content_type, kind):
    assert MediaKind.of(content_type) is kind


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], D.PENDING),
        ([D.UNKNOWN], D.PENDING),
        ([D.ACCEPTED, D.UNKNOWN], D.ACCEPTED),
        ([D.SENT, D.ACCEPTED], D.SENT),
        ([D.SENT, D.FAILED], D.FAILED),
        ([D.FAILED, D.SENT, D.SENT], D.FAILED),
        ([D.FAILED, D.DELIVERED], D.DELIVERED),
        ([D.READ, D.FAILED, D.DELIVERED, D.SENT], D.READ),
    ],
)
def test_the_best_fact_heard_is_shown(facts, expected):
    assert {shown(order) for order in itertools.permutations(facts)} == {expected}


@given(st.lists(st.sampled_from(D), max_size=8), st.randoms(use_true_random=False), st.sampled_from(D))
def test_order_and_repetition_of_receipts_never_matter(facts, random, late):
    shuffled = random.sample(facts, len(facts)) + facts
    assert shown(shuffled) is shown(facts)
    assert shown([*facts, late]) is shown([shown(facts), late])


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], Intent.UNKNOWN),
        ([found("intent", "complaint", 0.49)], Intent.UNKNOWN),
        ([found("intent", "complaint", 0.5)], Intent.COMPLAINT),
        ([found("intent", "spam", 0.6), found("intent", "help", 0.9)], Intent.HELP),
        ([found("intent", "spam", 0.9), found("intent", "help", 0.9)], Intent.SPAM),
        ([found("intent", "no such word", 1.0)], Intent.UNKNOWN),
        ([found("category", "complaint", 1.0)], Intent.UNKNOWN),
    ],
)
def test_in_doubt_a_message_is_unknown(findings, expected):
    assert intent(findings) is expected


@given(st.lists(st.builds(found, st.just("urgency"), st.sampled_from([*Urgency, "soon"]), st.floats(0, 1))))
def test_the_most_urgent_finding_wins_however_unsure(findings):
    seen = {one.value for one in findings}
    expected = next((level for level in Urgency if level in seen), Urgency.NORMAL)
    assert urgency(findings) is expected


def test_findings_are_read_by_field():
    findings = [
        found("flag", "abusive"),
        found("flag", "minors"),
        found("flag", "abusive"),
        found("category", "x", 0.1),
    ]
    assert flags(findings) == ("abusive", "minors")
    assert best(findings, "category") is findings[3]
    assert best(findings, "village") is None


@pytest.mark.parametrize("confidence", [-0.01, 1.01, math.nan])
def test_confidence_runs_from_nought_to_one(confidence):
    with pytest.raises(ValueError, match="confidence"):
        found("intent", "spam", confidence)


def test_an_actor_has_at_least_its_own_role():
    assert Actor(name="Meja", role=Role.ADMIN).roles == {Role.ADMIN}
    assert Actor.system("triage") == Actor(name="triage", role=Role.SYSTEM)


@pytest.mark.parametrize(
    "error",
    [
        NotTaken("http_429", "come again", after=7.0),
        Rejected("21211", "no such number", scope=Scope.ADDRESS),
        Uncertain("timeout", "no answer"),
    ],
)
def test_a_send_error_keeps_its_decision_over_a_process_border(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
    assert isinstance(again, SendError)
    assert (str(again), vars(again)) == (str(error), vars(error))
