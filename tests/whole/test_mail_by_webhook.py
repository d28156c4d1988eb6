"""Mail that a service posts to us is mail: a case is opened, its reporter answered by mail, and notices are heard."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading

import pytest
from folk import BUDI, COMPLAINT, DESK, number_in
from town import Town

from treckk_gateway.adapters.email import EmailChannel
from treckk_gateway.inbound.receiving import LARGE
from treckk_gateway.privacy import Box

LOGIN = "penyedia:town-login-0000001"


class PostmarkTown(Town):
    """The office's mail comes by Postmark and leaves by a relay."""

    def table(self):
        (self.folder / "login.secret").write_text(LOGIN, encoding="utf-8")
        table = super().table()
        del table["channels"]["email"]["listen"]
        table["channels"]["email"] |= {
            "webhook": "postmark",
            "webhook_login": "file:login.secret",
            "max_size": 2_000_000,
        }
        return table

    async def posted(self, tree, login=LOGIN):
        headers = {
            "Authorization": "Basic " + base64.b64encode(login.encode()).decode(),
            "Content-Type": "application/json",
        }
        body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        async with self.http.post(f"{self.url}/channels/email", data=io.BytesIO(body), headers=headers) as answer:
            await answer.read()
            return answer.status

    async def write_mail(self, text, number=1, **more):
        return await self.posted(
            {
                "From": BUDI.mail,
                "To": DESK,
                "OriginalRecipient": DESK,
                "Subject": "Laporan",
                "MessageID": f"pm-{number}",
                "TextBody": text,
                "Headers": [{"Name": "Message-ID", "Value": f"<pm-{number}@example.org>"}],
                "Attachments": [],
                **more,
            }
        )


@pytest.fixture
async def office(tmp_path, store_uri):
    async with PostmarkTown(tmp_path, database=store_uri, channels=("email",)) as town:
        yield town


async def own(town):
    return [one for one in (await town.only_case())["deliveries"] if one["channel_id"] == "email"]


async def test_a_bounce_by_webhook_silences_an_address_until_its_owner_writes_again(office):
    assert await office.write_mail(COMPLAINT) == 200
    assert await office.write_mail(COMPLAINT) == 200  # tried again by the service
    reference = number_in((await office.hears("email", BUDI))[0])
    [letter] = office.mail.mailbox(BUDI.mail)
    [delivery] = await own(office)
    assert letter.header("X-PM-Metadata-treckk-delivery") in letter.message_id

    mark = letter.header("X-PM-Metadata-treckk-delivery")
    bounce = {"RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "Metadata": {"treckk-delivery": mark}}
    assert await office.posted(bounce) == 200
    await office.settled()
    await office.move(reference, "under_review", by="rini")
    await office.hears("email", BUDI, 1)

    assert [(one["state"], one["reason"]) for one in await own(office)] == [
        ("failed", None),
        ("cancelled", "HardBounce"),
    ]
    assert await office.write_mail("Sekarang sudah sampai badan jalan", 2) == 200
    await office.settled()
    await office.move(reference, "instructed", by="pak-kasat", post="paringin")
    await office.settled()
    assert "Tim TRECKK" in office.heard("email", BUDI)[-1]
    assert delivery["state"] == "sent"


async def test_an_admin_has_an_address_written_to_again_but_not_who_opted_out(office):
    assert await office.write_mail(COMPLAINT) == 200
    reference = number_in((await office.hears("email", BUDI))[0])
    mark = office.mail.mailbox(BUDI.mail)[0].header("X-PM-Metadata-treckk-delivery")
    bounce = {"RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "Metadata": {"treckk-delivery": mark}}
    assert await office.posted(bounce) == 200
    await office.settled()

    assert (await office.api("POST", f"/cases/{reference}/reach", by="danru-paringin"))[0] in {403, 404}
    assert await office.api("POST", f"/cases/{reference}/reach") == (200, {"addresses": 1})
    assert await office.api("POST", f"/cases/{reference}/reach") == (200, {"addresses": 0})
    await office.move(reference, "under_review", by="rini")
    await office.hears("email", BUDI, 2)
    assert [one["kind"] for one in (await office.only_case())["events"]].count("replayed") == 1

    stopped = bounce | {"RecordType": "SubscriptionChange", "ID": 2, "Type": "", "SuppressSending": True}
    assert await office.posted(stopped | {"SuppressionReason": "ManualSuppression"}) == 200
    await office.settled()
    assert await office.api("POST", f"/cases/{reference}/reach") == (200, {"addresses": 0})


async def test_a_mail_without_the_login_leaves_no_trace(office):
    before = office.tables()

    assert await office.posted({"From": BUDI.mail, "Headers": []}, login="penyedia:guessed-0000000001") == 403

    assert office.tables() == before


async def test_a_mail_larger_than_other_webhooks_may_be_is_taken(office):
    picture = {"Name": "foto.jpg", "ContentType": "image/jpeg", "Content": base64.b64encode(bytes(1_500_000)).decode()}

    assert await office.write_mail(COMPLAINT, Attachments=[picture]) == 200

    await office.hears("email", BUDI)
    assert await office.posted(bytes(5_000_000)) == 413


async def test_nonsense_with_the_right_login_is_parked_for_staff(office):
    assert await office.posted({"Subject": "no mail"}) == 200

    await office.settled()
    assert (await office.books())["parked"] == 1


class Gates:
    """Work on a large body that goes on only when somebody else was answered meanwhile."""

    def __init__(self):
        self.passed = []
        self.waiting = threading.Event()
        self.answered = threading.Event()

    def shut(self, owner, name, patch, large=lambda *found: len(found[-1]) > LARGE):
        """The original, behind a gate when its last argument is large."""
        original = getattr(owner, name)

        def gated(*arguments):
            if large(*arguments):
                self.answered.clear()
                self.waiting.set()
                assert self.answered.wait(60), f"{name} kept everybody else waiting"
                self.passed.append(name)
            return original(*arguments)

        patch.setattr(owner, name, gated)


async def test_a_large_mail_keeps_nobody_waiting(office, monkeypatch):
    gates, done = Gates(), asyncio.Event()
    for owner, name in ((EmailChannel, "verify"), (EmailChannel, "envelope")):
        gates.shut(owner, name, monkeypatch, lambda _self, request: len(request.body) > LARGE)
    for name in ("seal", "open"):
        gates.shut(Box, name, monkeypatch)

    async def others():
        while not done.is_set():
            if gates.waiting.is_set():
                gates.waiting.clear()
                async with office.http.get(f"{office.url}/healthz") as answer:
                    assert answer.status == 200
                gates.answered.set()
            await asyncio.sleep(0.001)

    asking = asyncio.create_task(others())
    picture = {"Name": "foto.jpg", "ContentType": "image/jpeg", "Content": base64.b64encode(bytes(1_500_000)).decode()}
    assert await office.write_mail(COMPLAINT, Attachments=[picture]) == 200
    await office.hears("email", BUDI)
    done.set()
    await asking

    assert sorted(gates.passed) == ["envelope", "open", "seal", "seal", "verify"]  # sealed: the request, the picture
