from __future__ import annotations

import os
import sys
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import NotFoundError, StoreUnavailable
from treckk_gateway.privacy import Keyring, redact, scrub
from treckk_gateway.privacy.keys import Draws

KEYS = Keyring(bytes(range(32)))


@given(st.binary(max_size=300), st.sampled_from(["text", "address"]))
def test_what_is_sealed_opens_for_its_purpose_and_no_other(plain, purpose):
    box = KEYS.box(KEYS.new_key())
    sealed = box.seal(purpose, plain)
    assert box.open(purpose, sealed) == plain
    with pytest.raises(StoreUnavailable):
        box.open("other", sealed)


def test_sealing_twice_never_gives_the_same_bytes():
    assert KEYS.unit.seal("text", b"halo") != KEYS.unit.seal("text", b"halo")


def test_one_reporter_key_opens_nothing_of_another():
    sealed = KEYS.box(KEYS.new_key()).seal("text", b"halo")
    with pytest.raises(StoreUnavailable):
        KEYS.box(KEYS.new_key()).open("text", sealed)


def test_a_destroyed_key_is_told_apart_from_a_wrong_one():
    with pytest.raises(NotFoundError, match="erased"):
        KEYS.box(None)
    with pytest.raises(StoreUnavailable, match="secret_key"):
        Keyring(bytes(32)).box(KEYS.new_key())


def test_digests_differ_by_purpose_and_key():
    assert KEYS.digest("address", "x") == KEYS.digest("address", "x")
    assert len({KEYS.digest("address", "x"), KEYS.digest("token", "x"), Keyring(bytes(32)).digest("address", "x")}) == 3


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(b"short")


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-1], lambda s: b"\x02" + s[1:], lambda s: s[:20] + b"x" + s[21:], lambda s: b""]
)
def test_damaged_bytes_do_not_open(damage):
    with pytest.raises(StoreUnavailable):
        KEYS.unit.open("text", damage(KEYS.unit.seal("text", b"halo halo halo")))


def test_a_log_line_keeps_allowed_keys_only_and_hides_foreign_exceptions():
    try:
        raise ValueError("Siti Aminah +6281200000000")
    except ValueError as problem:
        line = redact(None, "error", {"event": "x.failed", "text": "rahasia", "case_id": 4, "exc_info": problem})
    assert line["case_id"] == 4
    assert line["problem"] == "ValueError"
    assert "Siti" not in repr(line)
    assert "text" not in line


@pytest.mark.parametrize(
    "secret", ["0812-3456-7890", "+6281200000000", "6311012345670001", "siti@example.org", "(0812) 3456 7890"]
)
def test_numbers_and_addresses_are_scrubbed(secret):
    assert secret not in scrub(f"hubungi {secret} ya")


def test_times_dates_and_case_numbers_stay():
    text = "TRK-2611-00042 jam 22.00 tanggal 24/11, RT 5"
    assert scrub(text) == text


def test_threads_that_seal_at_once_never_get_the_same_nonce():
    nonces, drawn = Draws(12), [[], [], []]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=lambda own=own: own.extend(nonces.next() for _ in range(20_000))) for own in drawn]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    finally:
        sys.setswitchinterval(before)
    assert len({one for own in drawn for one in own}) == 60_000


def test_no_nonce_comes_twice_not_even_in_a_forked_child():
    nonces = Draws(12)
    drawn = [nonces.next() for _ in range(2000)]
    assert len(set(drawn)) == 2000
    assert {len(one) for one in drawn} == {12}
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:  # pragma: no cover the child reports and is gone
        os.write(theirs, nonces.next())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(ours, 12) != nonces.next()
    os.close(ours)
    os.close(theirs)
