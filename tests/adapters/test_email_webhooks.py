from __future__ import annotations

import base64
import json
from urllib.parse import quote

import attrs
import mail_services as services
import pytest

from treckk_gateway import Gateway
from treckk_gateway.adapters.email.webhooks import PROVIDERS, mailgun, s3, sns
from treckk_gateway.channel import WebhookRequest
from treckk_gateway.errors import MediaUnavailable, PayloadError, SignatureError
from treckk_gateway.inbound.fetching import Fetcher
from treckk_gateway.model import Address, DeliveryReceipt, InboundMessage, OutboundMessage, Secret
from treckk_gateway.settings import from_mapping
from treckk_gateway.testing.sandbox.mail import MailSandbox

PLAIN = services.eml("plain_id")
MAILGUN = {"webhook_secret": (Secret(services.MAILGUN_KEY),)}
DELIVERY = "0123456789abcdef0123"


def changed(request, **headers):
    pairs = [(name, value) for name, value in request.headers.items() if name.lower() not in headers]
    return WebhookRequest.of(request.method, request.url, [*pairs, *headers.items()], request.body)


def only(channel, request, kind=InboundMessage):
    [item] = channel.parse(request.keeping(type(channel).kept_headers))
    assert isinstance(item, kind)
    return item


# Mailgun


def test_a_mail_by_mailgun_is_the_mail_that_comes_by_lmtp():
    channel = services.channel("mailgun", **MAILGUN)
    request = services.mailgun_mail(PLAIN)

    channel.verify(request)

    message = only(channel, request)
    assert (message.sender, message.automatic) == (Address("mailto", "budi@example.org"), False)
    assert channel.envelope(request).dedupe_key == message.dedupe_key


@pytest.mark.parametrize(
    "proof",
    [
        services.mailgun_proof(key="another-key"),
        services.mailgun_proof(timestamp=services.NOW - mailgun.TOLERANCE - 1),
        services.mailgun_proof(timestamp=services.NOW + mailgun.TOLERANCE + 1),
        [*services.mailgun_proof()[:2], ("signature", "")],
        [*services.mailgun_proof()[:2], ("signature", "\u00fc" * 64)],
        [("timestamp", "1700000001"), *services.mailgun_proof()[1:]],
        [services.mailgun_proof()[0], ("token", "tok-0002"), services.mailgun_proof()[2]],
        services.mailgun_proof(timestamp="17e8"),
        [*services.mailgun_proof(), ("token", "tok-0002")],
        services.mailgun_proof()[:1],
    ],
    ids=["key", "old", "early", "none", "odd", "timestamp", "token", "exponent", "doubled", "missing"],
)
@pytest.mark.parametrize("made", [services.mailgun_mail, services.mailgun_event], ids=["mail", "event"])
def test_what_mailgun_did_not_sign_is_refused(made, proof):
    channel = services.channel("mailgun", **MAILGUN)
    if made is services.mailgun_event and len(proof) > 3:
        pytest.skip("JSON has no doubled keys")

    with pytest.raises(SignatureError):
        channel.verify(made(PLAIN, proof=proof) if made is services.mailgun_mail else made(proof))


def test_a_retry_is_taken_and_a_token_for_another_mail_is_not():
    channel = services.channel("mailgun", **MAILGUN)
    first = services.mailgun_mail(PLAIN)
    channel.verify(first)
    kind = first.header("content-type").replace("grens-0001", "grens-0002")
    again = changed(
        attrs.evolve(first, body=first.body.replace(b"grens-0001", b"grens-0002")), **{"content-type": kind}
    )

    channel.verify(again)

    assert channel.envelope(again) == channel.envelope(first)
    with pytest.raises(SignatureError, match="used for something else"):
        channel.verify(services.mailgun_mail(PLAIN.replace(b"Budi", b"Bodi", 1) + b"altered"))
    with pytest.raises(SignatureError, match="used for something else"):
        channel.verify(services.mailgun_mail(PLAIN, recipient="other@example.go.id"))
    with pytest.raises(SignatureError, match="used for something else"):
        channel.verify(services.mailgun_event())


def test_tokens_are_forgotten_when_their_timestamp_is_too_old_anyway():
    now = [services.NOW]
    channel = services.channel("mailgun", **MAILGUN)
    channel._provider.context = attrs.evolve(channel._provider.context, clock=lambda: now[0])
    channel.verify(services.mailgun_mail(PLAIN))
    now[0] += 3 * mailgun.TOLERANCE

    channel.verify(services.mailgun_mail(PLAIN, proof=services.mailgun_proof(timestamp=now[0], once="later")))

    assert list(channel._provider._used) == ["later"]


def test_a_form_in_one_line_is_read_too():
    pairs = [("body-mime", PLAIN), ("recipient", b"aduan+k7q2@example.go.id"), ("sender", b"budi@example.org")]
    pairs += [(name, value.encode()) for name, value in services.mailgun_proof()]
    body = "&".join(f"{name}={quote(value)}" for name, value in pairs).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = WebhookRequest.of("POST", services.URL, headers, body)
    channel = services.channel("mailgun", **MAILGUN)

    channel.verify(request)

    assert only(channel, request).reply_token == "k7q2"


def test_a_mail_in_fields_is_read_as_a_mail():
    headers = [
        ["From", "Budi <budi@example.org>"],
        ["Auto-Submitted", "auto-replied"],
        ["In-Reply-To", "<x@example.org>"],
    ]
    posted = [
        ("recipient", services.OFFICE),
        ("message-headers", json.dumps(headers)),
        ("body-plain", "Saya sedang cuti \u2013 \u00fc."),
        ("content-id-map", json.dumps({"<logo>": "attachment-2"})),
        *services.mailgun_proof(),
    ]
    files = [
        ("attachment-1", "surat\u00a0izin.pdf", "application/pdf", b"%PDF-1.7"),
        ("attachment-2", "logo.png", "image/png", b"\x89PNG"),
    ]
    body, kind = services.form(posted, files)
    request = WebhookRequest.of("POST", services.URL, {"Content-Type": kind}, body)

    message = only(services.channel("mailgun", **MAILGUN), request)

    assert message.text == "Saya sedang cuti \u2013 \u00fc."
    assert message.automatic
    assert message.reply_ids == ("<x@example.org>",)
    assert [(one.filename, one.content) for one in message.attachments] == [("surat izin.pdf", b"%PDF-1.7")]


# Notices


@pytest.mark.parametrize(
    ("changes", "state", "scope", "opted_out"),
    [
        ({"reason": "suppress-bounce", "delivery-status": {"code": 605}}, "failed", "address", False),
        ({"delivery-status": {"code": 550, "enhanced-code": "5.7.1"}}, "failed", None, False),
        ({"event": "complained"}, "delivered", "address", False),
        ({"event": "unsubscribed"}, "unknown", None, True),
        ({"event": "opened"}, "delivered", None, False),
    ],
)
def test_mailgun_says_what_became_of_a_mail(changes, state, scope, opted_out):
    receipt = only(services.channel("mailgun", **MAILGUN), services.mailgun_event(**changes), DeliveryReceipt)

    assert (receipt.delivery_id, receipt.state, receipt.scope, receipt.opted_out) == (DELIVERY, state, scope, opted_out)
    assert receipt.provider_message_id == f"<{DELIVERY}@example.go.id>"


@pytest.mark.parametrize(
    ("changes", "state", "scope", "opted_out"),
    [
        ({"Type": "SoftBounce"}, "failed", None, False),
        ({"Type": "AutoResponder"}, "delivered", None, False),
        ({"Type": "SpamNotification"}, "delivered", "address", False),
        ({"Type": "Unsubscribe"}, "failed", None, True),
        ({"RecordType": "SpamComplaint"}, "delivered", "address", False),
        (
            {
                "RecordType": "SubscriptionChange",
                "Type": "",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
            },
            "unknown",
            None,
            True,
        ),
    ],
)
def test_postmark_says_what_became_of_a_mail(changes, state, scope, opted_out):
    channel = services.channel("postmark", webhook_login=services.login())
    receipt = only(channel, services.postmark(services.sample("postmark_bounce.json") | changes), DeliveryReceipt)

    assert (receipt.delivery_id, receipt.state, receipt.scope, receipt.opted_out) == (DELIVERY, state, scope, opted_out)


@pytest.mark.parametrize(
    ("changes", "state", "scope", "opted_out"),
    [
        ({"event": "bounce", "type": "blocked", "status": "5.7.1"}, "failed", None, False),
        ({"event": "dropped", "reason": "Bounced Address"}, "failed", "address", False),
        ({"event": "spamreport"}, "delivered", "address", False),
        ({"event": "group_unsubscribe"}, "unknown", None, True),
    ],
)
def test_sendgrid_says_what_became_of_a_mail(changes, state, scope, opted_out):
    event = services.sample("sendgrid_events.json")[0] | changes
    channel = services.channel("sendgrid", webhook_secret=(services.sendgrid_public(),))
    receipt = only(channel, services.sendgrid(json.dumps([event]).encode()), DeliveryReceipt)

    assert (receipt.delivery_id, receipt.state, receipt.scope, receipt.opted_out) == (DELIVERY, state, scope, opted_out)


@pytest.mark.parametrize(
    ("word", "changes", "state", "scope"),
    [
        ("Bounce", {"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}}, "failed", None),
        ("Complaint", {"complaint": {"complaintFeedbackType": "abuse"}}, "delivered", "address"),
        ("Complaint", {"complaint": {"complaintFeedbackType": "not-spam"}}, "delivered", None),
        ("Reject", {"bounce": {}}, "failed", None),
    ],
)
def test_ses_says_what_became_of_a_mail(word, changes, state, scope):
    channel = services.channel("ses", topics=(services.TOPIC,))
    receipt = only(channel, services.ses_notice(word, **changes), DeliveryReceipt)

    assert (receipt.provider_message_id, receipt.state, receipt.scope) == (f"<{DELIVERY}@example.go.id>", state, scope)


def test_an_event_of_a_configuration_set_is_told_by_our_tag():
    tree = services.sample("ses_bounce.json")
    tree["eventType"] = tree.pop("notificationType")
    tree["mail"]["tags"] = {"ses:operation": ["SendSmtpEmail"], "treckk_delivery": [DELIVERY]}

    channel = services.channel("ses", topics=(services.TOPIC,))
    assert only(channel, services.sns(json.dumps(tree)), DeliveryReceipt).delivery_id == DELIVERY


def test_a_notice_that_names_no_mail_of_ours_says_nothing():
    tree = services.sample("postmark_bounce.json") | {"Metadata": {}}
    assert list(services.channel("postmark", webhook_login=services.login()).parse(services.postmark(tree))) == []


@pytest.mark.parametrize("name", sorted(PROVIDERS))
async def test_a_mail_of_ours_bears_the_mark_that_notices_repeat(name):
    settings = {
        "mailgun": MAILGUN,
        "postmark": {"webhook_login": services.login()},
        "sendgrid": {"webhook_login": services.login()},
        "ses": {"topics": (services.TOPIC,)},
    }[name]
    async with MailSandbox() as relay:
        channel = services.channel(name, smtp=relay.url, **settings)
        await channel.open()
        await channel.send(
            OutboundMessage(
                delivery_id=DELIVERY, attempt_id="a1", recipient=Address("mailto", "budi@example.org"), text="Diterima."
            )
        )
        await channel.close()
        [mail] = relay.mailbox("budi@example.org")
    header = {
        "mailgun": "X-Mailgun-Variables",
        "postmark": "X-PM-Metadata-treckk-delivery",
        "sendgrid": "X-SMTPAPI",
        "ses": "X-SES-MESSAGE-TAGS",
    }[name]
    assert DELIVERY in mail.header(header)


# SendGrid


def test_several_events_of_sendgrid_come_at_once():
    events = services.sample("sendgrid_events.json")
    channel = services.channel("sendgrid", webhook_secret=(services.sendgrid_public(),))

    receipts = channel.parse(services.sendgrid(json.dumps(events).encode()))

    assert [one.state for one in receipts] == ["accepted", "sending", "delivered", "failed"]


def test_sendgrid_signs_what_it_posts_and_age_counts():
    channel = services.channel("sendgrid", webhook_secret=(services.sendgrid_public("new"), services.sendgrid_public()))
    channel.verify(services.sendgrid_mail(PLAIN))  # while keys are changed both are taken

    for forged in (
        services.sendgrid_mail(PLAIN, key="other"),
        services.sendgrid_mail(PLAIN, timestamp=services.NOW - 4 * 86400),
        attrs.evolve(services.sendgrid_mail(PLAIN), body=services.sendgrid_mail(PLAIN + b"x").body),
        changed(services.sendgrid_mail(PLAIN), **{"x-twilio-email-event-webhook-timestamp": str(services.NOW + 1)}),
    ):
        with pytest.raises(SignatureError):
            channel.verify(forged)


def test_login_and_signature_are_both_checked_where_both_are_set():
    secret = (services.sendgrid_public(),)
    channel = services.channel("sendgrid", webhook_secret=secret, webhook_login=services.login())
    signed = services.sendgrid_mail(PLAIN)

    channel.verify(changed(signed, authorization=services.BASIC))

    with pytest.raises(SignatureError, match="login"):
        channel.verify(signed)
    with pytest.raises(SignatureError, match="no signature"):
        channel.verify(WebhookRequest.of("POST", services.URL, {"Authorization": services.BASIC}, signed.body))


# SES: the certificate, the topic, the subscription, S3


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_note_of_sns_is_taken_and_its_certificate_asked_for_once(version):
    amazon = services.Amazon()
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    for _ in range(3):
        await channel.verify(services.ses_mail(PLAIN, version=version, Subject="SES"))

    assert [(one.url, one.hosts, dict(one.headers)) for one in amazon.asked] == [
        (services.PEM_URL, ("sns.ap-southeast-3.amazonaws.com",), {})
    ]


HERE = "https://sns.ap-southeast-3.amazonaws.com"
PEM = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.ap-southeast-3.amazonaws.com{PEM}",
        f"https://sns.us-east-1.amazonaws.com{PEM}",
        f"https://sns.ap-southeast-3.amazonaws.com.evil.example{PEM}",
        f"https://evil.example/?https://sns.ap-southeast-3.amazonaws.com{PEM}",
        f"https://sns.ap-southeast-3.amazonaws.com@evil.example{PEM}",
        f"https://evil.example#@sns.ap-southeast-3.amazonaws.com{PEM}",
        f"https://evil.example\\@sns.ap-southeast-3.amazonaws.com{PEM}",
        f"{HERE}:8443{PEM}",
        f"{HERE}/bucket{PEM}",
        f"{HERE}/../evil.pem",
        f"{HERE}{PEM}?x=1",
        f"{HERE}{PEM}#x",
        f"{HERE}/%2e%2e{PEM}",
        f"https://S3.ap-southeast-3.amazonaws.com{PEM}",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1" + PEM,
        "file:///etc/passwd",
        "",
    ],
)
async def test_no_other_address_is_asked_for_a_certificate(url):
    amazon = services.Amazon(**{url: services.sns_certificate("other")})
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    with pytest.raises(SignatureError):
        await channel.verify(services.ses_mail(PLAIN, key="other", SigningCertURL=url))

    assert amazon.asked == []


@pytest.mark.parametrize(
    "note",
    [
        {"key": "other"},
        {"TopicArn": services.TOPIC + "2"},
        {"TopicArn": "arn:aws:sns:evil.example/:123456789012:x"},
        {"header": "SubscriptionConfirmation"},
        {"version": "3"},
        {"Timestamp": "2023-11-14T19:13:20.000Z"},
        {"Timestamp": "2023-11-15T01:13:20.000Z"},
        {"Timestamp": "gestern"},
    ],
    ids=lambda one: " ".join(map(str, one.values())),
)
async def test_what_sns_did_not_sign_for_us_is_refused(note):
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=services.Amazon().fetch)

    with pytest.raises(SignatureError):
        await channel.verify(services.ses_mail(PLAIN, **note))


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Subject", "Type", "TopicArn"])
async def test_every_signed_field_counts(name):
    request = services.ses_mail(PLAIN, Subject="SES")
    note = json.loads(request.body)
    note[name] = {"Timestamp": "2023-11-14T22:13:21.000Z"}.get(name, note[name] + "x")
    channel = services.channel("ses", topics=(services.TOPIC, services.TOPIC + "x"), fetch=services.Amazon().fetch)

    with pytest.raises(SignatureError):
        await channel.verify(attrs.evolve(request, body=json.dumps(note).encode()))


async def test_a_certificate_out_of_date_is_none():
    old = services.sns_certificate(ends=services.NOW - 1)
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=services.Amazon(**{services.PEM_URL: old}).fetch)

    with pytest.raises(SignatureError, match="out of date"):
        await channel.verify(services.ses_mail(PLAIN))


async def test_a_certificate_that_cannot_be_had_now_makes_sns_come_again():
    amazon = services.Amazon(**{services.PEM_URL: MediaUnavailable("its host answered 503")})
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    with pytest.raises(MediaUnavailable):
        await channel.verify(services.ses_mail(PLAIN))


async def test_nobody_makes_us_ask_for_certificates_without_end():
    amazon = services.Amazon()
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    for number in range(sns.FETCHES + 5):
        url = f"{HERE}/SimpleNotificationService-{number:032x}.pem"
        with pytest.raises((SignatureError, MediaUnavailable)):
            await channel.verify(services.ses_mail(PLAIN, key="other", SigningCertURL=url))

    assert len(amazon.asked) == sns.FETCHES


def handshake(**more):
    fields = {"Token": "2336412f37fb", "SubscribeURL": "https://evil.example/?Action=ConfirmSubscription", **more}
    return services.sns("You have chosen to subscribe", kind="SubscriptionConfirmation", **fields)


async def test_a_subscription_of_our_topic_is_confirmed_at_amazon_and_nowhere_else():
    confirmed = f"{HERE}/?Action=ConfirmSubscription&TopicArn={quote(services.TOPIC, safe='')}&Token=2336412f37fb"
    amazon = services.Amazon(**{confirmed: b"<ConfirmSubscriptionResponse/>"})
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    await channel.verify(handshake())
    request = await channel.complete(handshake())

    assert [one.url for one in amazon.asked] == [services.PEM_URL, confirmed]
    assert list(channel.parse(request)) == []


async def test_a_handshake_for_a_topic_of_others_is_refused_before_anything_is_asked():
    amazon = services.Amazon()
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch)

    with pytest.raises(SignatureError, match="topic"):
        await channel.verify(handshake(TopicArn=services.TOPIC + "2"))

    assert amazon.asked == []


IN_S3 = {"s3_bucket": "surat-masuk", "s3_access_key": "AKIAIOSFODNN7EXAMPLE", "s3_secret_key": Secret("s3-conformance")}
OBJECT = "https://surat-masuk.s3.ap-southeast-3.amazonaws.com/masuk/d6iitobk75ur44p8kdnnp7g2n800"


def left_in_s3(bucket="surat-masuk"):
    tree = services.sample("ses_received.json")
    del tree["content"]
    key = {"objectKey": "masuk/d6iitobk75ur44p8kdnnp7g2n800", "objectKeyPrefix": "masuk/"}
    tree["receipt"]["action"] = {"type": "S3", "topicArn": services.TOPIC, "bucketName": bucket, **key}
    return services.sns(json.dumps(tree))


async def test_a_mail_that_lies_in_s3_is_fetched_before_it_is_kept():
    amazon = services.Amazon(**{OBJECT: services.eml("photo")})
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch, **IN_S3)

    request = await channel.complete(left_in_s3())

    [source] = amazon.asked
    assert source.hosts == ("surat-masuk.s3.ap-southeast-3.amazonaws.com",)
    assert source.headers["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20231114/ap-southeast-3/s3/aws4_request"
    )
    message = only(channel, request)
    assert (message.reply_token, message.attachments[0].filename) == ("k7q2", "bangunan.jpg")
    assert channel.envelope(request) == channel.envelope(services.ses_mail(services.eml("photo")))


async def test_a_mail_that_cannot_be_fetched_makes_sns_come_again():
    amazon = services.Amazon(**{OBJECT: MediaUnavailable("its host answered 503")})
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch, **IN_S3)

    with pytest.raises(MediaUnavailable):
        await channel.complete(left_in_s3())


async def test_a_bucket_of_others_is_not_read():
    amazon = services.Amazon()
    channel = services.channel("ses", topics=(services.TOPIC,), fetch=amazon.fetch, **IN_S3)

    request = await channel.complete(left_in_s3("another"))

    assert amazon.asked == []
    with pytest.raises(PayloadError, match="s3_bucket"):
        channel.parse(request)


def test_s3_is_asked_with_amazons_own_example():
    """The example of "Authenticating requests: using the Authorization header", GET of an object."""
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": nothing,
        "x-amz-date": "20130524T000000Z",
    }
    given = s3.authorization(
        headers,
        path="/test.txt",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    assert given.endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


# Through the gateway


async def test_what_cannot_be_had_now_is_503_and_kept_when_it_can(tmp_path, monkeypatch):
    (tmp_path / "key").write_text(base64.b64encode(bytes(32)).decode(), encoding="utf-8")
    (tmp_path / "s3").write_text("s3-conformance", encoding="utf-8")
    mail = {"adapter": "email", "webhook": "ses", "smtp": "smtp://127.0.0.1:9", "address": services.OFFICE}
    amazons = {"topics": [services.TOPIC], **IN_S3, "s3_secret_key": "file:s3"}
    table = {
        "gateway": {"public_url": "https://aduan.example.go.id", "data_dir": "data", "secret_key": "file:key"},
        "channels": {"mail": mail | amazons},
    }
    settings = from_mapping(table, where="test", base=tmp_path)
    amazon = services.Amazon(**{OBJECT: PLAIN, services.PEM_URL: MediaUnavailable("its host answered 503")})

    async def fetch(_fetcher, source, bounds):
        return await amazon.fetch(source, bounds.most)

    monkeypatch.setattr(Fetcher, "fetch", fetch)
    async with Gateway(settings, clock=lambda: services.NOW * 1_000_000, working=False) as gateway:
        assert (await gateway.receive("mail", left_in_s3())).status == 503
        amazon.files[services.PEM_URL] = services.sns_certificate()
        del amazon.files[OBJECT]
        assert (await gateway.receive("mail", left_in_s3())).status == 503
        assert (await gateway.counters())["received"] == 0
        amazon.files[OBJECT] = PLAIN
        answers = [(await gateway.receive("mail", left_in_s3())).status for _ in range(2)]
        refused = await gateway.receive("mail", services.ses_mail(PLAIN, key="other"))
        books = await gateway.counters()
    assert (answers, refused.status) == ([200, 200], 403)
    assert (books["received"], books["refused"]) == (1, 1)


# Settings


@pytest.mark.parametrize(
    ("webhook", "more", "said"),
    [
        ("mailgun", {}, "webhook_secret"),
        ("postmark", {}, "webhook_login"),
        ("postmark", {"webhook_login": services.login("user:short")}, "webhook_login"),
        ("sendgrid", {}, "webhook_secret"),
        ("sendgrid", {"webhook_secret": (Secret("bm8ga2V5"),)}, "webhook_secret"),
        ("ses", {}, "topics"),
        ("ses", {"topics": ("arn:aws:sqs:eu-west-1:123456789012:x",)}, "topics"),
        ("ses", {"topics": (services.TOPIC,), "s3_bucket": "surat"}, "s3_bucket"),
        ("pigeon", {}, "webhook: is one of mailgun, postmark, sendgrid, ses"),
        (None, {}, "give listen, imap or webhook"),
        (None, {"listen": "lmtp://127.0.0.1:24", "topics": (services.TOPIC,)}, "webhook: names the service"),
        ("mailgun", {"listen": "lmtp://127.0.0.1:24", **MAILGUN}, "give listen, imap or webhook"),
    ],
)
def test_settings_that_prove_nothing_are_refused(webhook, more, said):
    with pytest.raises(ValueError, match=said):
        services.channel(webhook, **more)


def test_a_service_may_post_a_mail_as_large_as_the_channel_takes():
    channel = services.channel("postmark", webhook_login=services.login(), max_size=3 * 1024 * 1024)
    assert channel.max_body > 4 * 1024 * 1024
