"""Two robots answering each other by mail: a few answers, then silence, said once; people are answered on."""

from __future__ import annotations

import asyncio

from folk import BUDI, COMPLAINT, SITI

from treckk_gateway.inbound.loops import ANSWERED, WINDOW

ENOUGH = 30


class Robot:
    """Answers every mail at once, without a word that it is a machine."""

    def __init__(self, town, person, text):
        self.town, self.person, self.text = town, person, text
        self.answers = 0
        self._tasks = set()
        town.mail._watch = self.got

    async def got(self, mail):
        if mail.recipient == self.person.mail and self.answers < ENOUGH:
            self.answers += 1
            task = asyncio.create_task(self.town.mail.reply(mail, f"{self.text} ({self.answers})"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def ended(self):
        await self.town.settled()
        while self._tasks:
            await asyncio.gather(*self._tasks)
            await self.town.settled()


STATUS = "Bagaimana status laporan saya?"


async def test_two_robots_do_not_answer_each_other_for_ever(town):
    robot = Robot(town, BUDI, "Terima kasih, surat Anda kami terima. Bagaimana status laporan saya?")
    await town.write("email", BUDI, COMPLAINT)
    await robot.ended()

    assert 0 < robot.answers < ENOUGH
    assert len(town.heard("email", BUDI)) <= ANSWERED
    case = await town.only_case()
    assert len([one for one in case["messages"] if one["direction"] == "in"]) == robot.answers + 1


async def test_after_some_mails_in_an_hour_an_address_gets_silence_but_for_danger(town, log):
    await town.write("email", BUDI, COMPLAINT)
    for number in range(1, ANSWERED):
        town.clock.advance(60)
        await town.write("email", BUDI, f"Surat Anda kami terima, nomor {number}")
    await town.settled()
    told = len(town.heard("email", BUDI))
    assert log.said("mail.loop_stopped") == []

    for _ in range(3):
        await town.write("email", BUDI, STATUS)
        await town.settled()
    assert len(town.heard("email", BUDI)) == told
    assert len(log.said("mail.loop_stopped")) == 1
    assert len((await town.only_case())["messages"]) >= ANSWERED

    await town.write("email", BUDI, "Kebakaran! Rumah warga terbakar di pasar Paringin, ada korban terjebak")
    await town.settled()
    danger = len(town.heard("email", BUDI))
    assert danger > told

    town.clock.advance(WINDOW / 1_000_000 + 60)
    await town.write("email", BUDI, STATUS)
    await town.settled()
    assert len(town.heard("email", BUDI)) > danger  # a person who writes later is heard


async def test_another_channel_and_another_address_are_answered_meanwhile(town):
    for number in range(ANSWERED + 1):
        await town.write("email", BUDI, f"{COMPLAINT} ({number})")
    await town.write("email", SITI, COMPLAINT)
    await town.write("whatsapp", BUDI, COMPLAINT)
    await town.settled()

    assert len(town.heard("email", SITI)) >= 1
    assert len(town.heard("whatsapp", BUDI)) >= 1
