"""What is Meta's own: the subscription, buttons and templates, refusals, files in two steps, the doctor."""

from __future__ import annotations

import json

import pytest
from making import CITIZEN, URL, USER, make, message, post, said, status
from meta import NUMBER_ID, TOKEN, VERIFY, Meta, notification, value
from treckk_gateway.channel import Accepted, WebhookRequest
from treckk_gateway.errors import (
    NotTaken,
    PayloadError,
    Rejected,
    Scope,
    SendError,
    SignatureError,
    Uncertain,
    WindowClosed,
)
from treckk_gateway.model import Choice, DeliveryState, Secret, Template

from treckk_whatsapp_cloud import codes


async def outcome(meta, what=None, **options):
    """What sending comes to: a result or an error."""
    channel = make(meta.url, **options)
    await channel.open()
    try:
        return await channel.send(what or message())
    except SendError as problem:
        return problem
    finally:
        await channel.close()


def subscription(query, method="GET", body=b""):
    return WebhookRequest.of(method, f"{URL}?{query}", {}, body)


def test_a_subscription_is_answered_with_its_challenge():
    channel = make()
    asked = subscription(f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1158201444")
    channel.verify(asked)
    assert channel.parse(asked) == []
    assert channel.acknowledge(asked, Accepted()).body == b"1158201444"
    assert channel.acknowledge(post(b"{}"), Accepted()).body == b""


@pytest.mark.parametrize(
    "asked",
    [
        subscription("hub.mode=subscribe&hub.verify_token=another&hub.challenge=1"),
        subscription("hub.mode=subscribe&hub.challenge=1"),
        subscription(f"hub.mode=unsubscribe&hub.verify_token={VERIFY}&hub.challenge=1"),
        subscription(f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.verify_token=x&hub.challenge=1"),
        subscription(f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1", body=b"{}"),
        subscription(f"hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=1", method="POST"),
        subscription(f"hub.mode=subscribe&hub.verify_token={VERIFY}" + "&a=b" * 50),
        subscription("hub.mode=subscribe&hub.verify_token=%ff%fe&hub.challenge=1"),
        WebhookRequest.of("PUT", URL, post(b"{}").headers, b"{}"),
    ],
)
def test_a_subscription_that_cannot_be_ours_is_refused(asked):
    with pytest.raises(SignatureError):
        make().verify(asked)


def test_while_the_secret_is_changed_both_are_good():
    channel = make(secrets=("the-new-secret", "the-old-secret"))
    channel.verify(post(b"{}", "the-new-secret"))
    channel.verify(post(b"{}", "the-old-secret"))


async def test_what_is_posted_and_what_is_kept_of_the_answer():
    async with Meta() as meta:
        sent = await outcome(meta)

    assert sent.provider_message_id == "wamid.out1"
    assert meta.requests[0].url == f"{meta.url}/v24.0/{NUMBER_ID}/messages"
    assert json.loads(meta.requests[0].body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": CITIZEN,
        "type": "text",
        "text": {"preview_url": False, "body": "Petugas menuju lokasi"},
        "biz_opaque_callback_data": "d-1",
    }


async def test_somebody_without_a_number_is_reached_by_id():
    async with Meta() as meta:
        await outcome(meta, message(to=USER))

    assert "to" not in meta.sent[0]
    assert meta.sent[0]["recipient"] == USER


async def test_a_template_is_sent_in_place_of_the_words():
    template = Template(name="laporan_selesai", language="id", parameters=("TRK-1", "Dipindahkan"))
    async with Meta() as meta:
        meta.away.add(CITIZEN)
        assert isinstance(await outcome(meta), WindowClosed)
        sent = await outcome(meta, message(template=template))

    assert sent.provider_message_id == "wamid.out1"
    parameters = [{"type": "text", "text": "TRK-1"}, {"type": "text", "text": "Dipindahkan"}]
    assert meta.sent[0]["template"] == {
        "name": "laporan_selesai",
        "language": {"code": "id"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    assert "text" not in meta.sent[0]


def choice(answer, label):
    return Choice(answer=answer, label=label)


@pytest.mark.parametrize(
    ("choices", "text", "form"),
    [
        ([choice("1", "Ya"), choice("2", "Tidak")], "Benar?", "button"),
        ([choice(str(n), f"Pilihan {n}") for n in range(4)], "Yang mana?", "list"),
        ([choice("1", "Ya"), choice("2", "Tidak")], "x" * 1025, "list"),
        ([choice("1", "Ya"), choice("2", "Ya")], "Benar?", "list"),
        ([choice("1", "Lebih dari dua puluh huruf")], "Benar?", "list"),
        ([choice(str(n), f"Pilihan {n}") for n in range(11)], "Yang mana?", "text"),
        ([choice("a" * 200, "Ya")], "Benar?", "text"),
        ([choice("1", "Ya"), choice("1", "Tidak")], "Benar?", "text"),
    ],
)
async def test_choices_are_buttons_a_list_or_named_by_the_text_alone(choices, text, form):
    async with Meta() as meta:
        await outcome(meta, message(text, choices=tuple(choices)))

    [posted] = meta.sent
    if form == "text":
        assert posted["text"]["body"] == text
        return
    shown = posted["interactive"]
    assert (shown["type"], shown["body"]) == (form, {"text": text})
    if form == "button":
        assert [one["reply"] for one in shown["action"]["buttons"]] == [
            {"id": "jawab:1", "title": "Ya"},
            {"id": "jawab:2", "title": "Tidak"},
        ]
    else:
        [section] = shown["action"]["sections"]
        assert shown["action"]["button"] == "Pilih"
        assert all(len(row["title"]) <= 24 for row in section["rows"])
        assert [row["id"] for row in section["rows"]] == [f"jawab:{one.answer}" for one in choices]


@pytest.mark.parametrize(
    ("refuses", "error", "scope"),
    [
        ((400, 131047), WindowClosed, Scope.MESSAGE),
        ((400, 131026), Rejected, Scope.ADDRESS),
        ((401, 190), Rejected, Scope.CHANNEL),
        ((403, 200), Rejected, Scope.CHANNEL),
        ((400, 131042), Rejected, Scope.CHANNEL),
        ((404, 132001), Rejected, Scope.MESSAGE),
        ((400, 100), Rejected, Scope.MESSAGE),
        ((400, 999999), Rejected, Scope.MESSAGE),
        ((429, 130429), NotTaken, None),
        ((400, 130429), NotTaken, None),
        ((400, 131056), NotTaken, None),
        ((500, 131000), Uncertain, None),
        ((503, 131016), Uncertain, None),
    ],
)
async def test_a_refusal_holds_for_what_the_code_says(refuses, error, scope):
    async with Meta(refuses) as meta:
        problem = await outcome(meta)

    assert type(problem) is error
    assert getattr(problem, "scope", None) == scope
    if refuses[1] == 131056:
        assert problem.after == codes.PAIR_PAUSE


@pytest.mark.parametrize(("text", "code"), [(" \n", "empty_text"), ("x" * 4097, "text_too_long")])
async def test_what_meta_would_not_take_is_not_posted(text, code):
    async with Meta() as meta:
        problem = await outcome(meta, message(text))

    assert (type(problem), problem.code, meta.requests) == (Rejected, code, [])


def test_a_file_is_asked_for_in_two_steps_and_both_want_the_token():
    source = make("https://graph.facebook.com").media_source("1234567890")
    assert source.url == f"https://graph.facebook.com/v24.0/1234567890?phone_number_id={NUMBER_ID}"
    assert source.erasable

    place = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=x"
    found = source.then(json.dumps({"url": place, "mime_type": "image/jpeg"}).encode())

    assert (found.url, found.headers) == (place, {"Authorization": f"Bearer {TOKEN}"})
    assert found.hosts == ("graph.facebook.com", "fbsbx.com", "fbcdn.net")
    assert TOKEN not in repr(source) + repr(found)
    for odd in (b"", b"{}", b'{"url": 7}'):
        with pytest.raises(PayloadError):
            source.then(odd)
    with pytest.raises(PayloadError):
        make().media_source("../me?fields=x")


def test_every_message_and_status_of_a_body_is_found():
    many = [value(messages=[said(id=f"wamid.m{n}", text={"body": str(n)}), said(id=f"wamid.n{n}")]) for n in (1, 2)]
    late = value(statuses=[status("read", id="wamid.our2"), status("sent", id="wamid.our2")])
    found = make().parse(post(notification(*many, late)))

    assert [one.dedupe_key for one in found[:4]] == ["wamid.m1", "wamid.n1", "wamid.m2", "wamid.n2"]
    assert [one.state for one in found[4:]] == [DeliveryState.READ, DeliveryState.SENT]


def test_one_message_that_cannot_be_read_does_not_lose_the_others():
    nobody = {"id": "wamid.bad", "type": "text", "text": {"body": "dari siapa?"}}
    both = notification(value(messages=[nobody, said(id="wamid.good", text={"body": "halo"})]))
    lost, kept = make().parse(post(both))
    assert (lost.unsupported, lost.automatic, lost.text) == ("unreadable", True, "")
    assert (kept.dedupe_key, kept.text) == ("wamid.good", "halo")
    with pytest.raises(PayloadError):
        make().parse(post(notification(value(messages=[nobody]))))


async def test_the_doctor_is_told_of_a_wrong_token_of_bad_quality_and_of_missing_templates():
    approved = {"resolved": {"id": {"name": "laporan_selesai"}}}
    async with Meta() as meta:
        assert await make(meta.url, templates=approved).check() == []
        [problem] = await make(meta.url).check()
        assert "template" in problem.summary
        meta.quality = "RED"
        [problem] = await make(meta.url, templates=approved).check()
        assert "quality" in problem.summary
        [problem] = await make(meta.url, access_token=Secret("another")).check()
        assert problem.fatal


@pytest.mark.parametrize(
    ("options", "said_"),
    [
        ({"secrets": ()}, "forged"),
        ({"verify_token": Secret("short")}, "at least 16"),
        ({"phone_number_id": "+6281100000000"}, "not the telephone number"),
        ({"api_version": "latest"}, "v24.0"),
        ({"url": "http://graph.example.org"}, "https"),
        ({"list_button": "x" * 21}, "1 to 20"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, said_):
    with pytest.raises(ValueError, match=said_):
        make(**options)
