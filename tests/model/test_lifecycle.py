from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treckk_gateway.errors import IllegalTransition, Incomplete, NotAllowed
from treckk_gateway.model.lifecycle import (
    FINAL,
    INITIAL_ACTION,
    OPEN,
    SETTLED,
    TRANSITIONS,
    Role,
    State,
    require,
    step,
    targets,
)

S, R = State, Role
ROLE_SETS = st.frozensets(st.sampled_from(Role), min_size=1)

SOP = [
    # the unit's own procedure, step by step: from, to, who, what the reporter is told
    (S.RECEIVED, S.NEEDS_INFO, R.ADMIN, "need_info"),
    (S.RECEIVED, S.INFO_FORWARDED, R.ADMIN, "info_forwarded"),
    (S.INFO_FORWARDED, S.ANSWERED, R.HOLDER, "info_answer"),
    (S.ANSWERED, S.CLOSED, R.ADMIN, "closed"),
    (S.RECEIVED, S.UNDER_REVIEW, R.ADMIN, "under_review"),
    (S.NEEDS_INFO, S.UNDER_REVIEW, R.ADMIN, "under_review"),
    (S.UNDER_REVIEW, S.INSTRUCTED, R.LEADERSHIP, "instructed"),
    (S.INSTRUCTED, S.EN_ROUTE, R.TEAM, "en_route"),
    (S.EN_ROUTE, S.RESOLVED, R.TEAM, "resolved"),
    (S.UNDER_REVIEW, S.NOT_ACTIONABLE, R.LEADERSHIP, "not_actionable"),
    (S.NEEDS_INFO, S.NOT_ACTIONABLE, R.LEADERSHIP, "not_actionable"),
    (S.EN_ROUTE, S.NOT_ACTIONABLE, R.LEADERSHIP, "not_actionable"),
    (S.UNDER_REVIEW, S.REFERRED, R.ADMIN, "referred"),
    (S.RESOLVED, S.CLOSED, R.SYSTEM, "closed"),
    (S.RESOLVED, S.REOPENED, R.REPORTER, "reopened"),
    (S.CLOSED, S.REOPENED, R.LEADERSHIP, "reopened"),
    (S.REOPENED, S.UNDER_REVIEW, R.ADMIN, "under_review"),
    (S.EN_ROUTE, S.DUPLICATE, R.ADMIN, "duplicate"),
    (S.RESOLVED, S.WITHDRAWN, R.REPORTER, "withdrawn"),
    (S.RECEIVED, S.REJECTED_SPAM, R.ADMIN, None),
]


@pytest.mark.parametrize(("source", "target", "role", "tells"), SOP)
def test_the_procedure_can_be_followed(source, target, role, tells):
    assert step(source, target, {role}).tells == tells


@pytest.mark.parametrize(("source", "target"), list(product(State, State)))
def test_a_step_is_in_the_table_or_an_error(source, target):
    allowed = {role for one in TRANSITIONS if (one.source, one.target) == (source, target) for role in one.roles}
    for role in Role:
        if role in allowed:
            found = step(source, target, {role})
            assert (found.source, found.target) == (source, target)
        else:
            with pytest.raises(NotAllowed if allowed else IllegalTransition) as refused:
                step(source, target, {role})
            assert source in str(refused.value)
            assert target in str(refused.value)


@pytest.mark.parametrize("role", [role for role in Role if role is not R.LEADERSHIP])
def test_only_leadership_instructs(role):
    with pytest.raises(NotAllowed, match="for leadership only"):
        step(S.UNDER_REVIEW, S.INSTRUCTED, {role})


@pytest.mark.parametrize("role", [role for role in Role if role not in {R.LEADERSHIP, R.SYSTEM}])
def test_only_leadership_says_that_nothing_can_be_done(role):
    assert S.NOT_ACTIONABLE not in {one.target for state in State for one in targets(state, {role})}


def test_the_duty_post_alone_goes_ahead_of_the_instruction_and_is_flagged():
    ahead = [one for one in TRANSITIONS if one.flag == INITIAL_ACTION]
    assert {one.source for one in ahead} == {S.RECEIVED, S.NEEDS_INFO, S.UNDER_REVIEW}
    assert all(one.roles == {R.DUTY} and one.target is S.EN_ROUTE for one in ahead)
    assert step(S.INSTRUCTED, S.EN_ROUTE, {R.DUTY}).flag is None


def test_software_sends_nobody_and_refuses_only_whoever_does_not_answer():
    by_itself = {one for state in State for one in targets(state, {R.SYSTEM})}
    assert {one.target for one in by_itself} == {S.NEEDS_INFO, S.UNDER_REVIEW, S.CLOSED, S.NOT_ACTIONABLE}
    # Casework lets it pass for want of an answer only, where the profile says so.
    [refusal] = [one for one in by_itself if one.target is S.NOT_ACTIONABLE]
    assert (refusal.source, refusal.roles, refusal.needs) == (S.NEEDS_INFO, {R.SYSTEM}, ("reason",))


def test_a_reporter_may_withdraw_and_object_and_nothing_else():
    assert {one.target for state in State for one in targets(state, {R.REPORTER})} == {S.WITHDRAWN, S.REOPENED}
    assert all(any(one.target is S.WITHDRAWN for one in targets(state, {R.REPORTER})) for state in OPEN)


def test_every_step_but_spam_and_another_post_tells_the_reporter_something():
    silent = {(one.source, one.target) for one in TRANSITIONS if one.tells is None}
    # Sending another post instead changes nothing for the reporter: a team was promised, and one comes.
    assert silent == {(S.RECEIVED, S.REJECTED_SPAM), (S.INSTRUCTED, S.INSTRUCTED), (S.EN_ROUTE, S.INSTRUCTED)}


def test_only_a_closed_case_leaves_a_final_state():
    leaving = {(one.source, one.target) for one in TRANSITIONS if one.source in FINAL}
    assert leaving == {(S.CLOSED, S.REOPENED)}
    assert set(State) == OPEN | FINAL
    assert not OPEN & FINAL
    assert FINAL < SETTLED


def test_every_state_can_be_reached_and_every_open_one_can_be_finished():
    reached = _closure({S.RECEIVED}, lambda one: (one.source, one.target))
    assert reached == set(State)
    assert _closure({S.CLOSED}, lambda one: (one.target, one.source)) >= OPEN


def test_no_step_stands_twice_for_one_role():
    seen = [(one.source, one.target, role) for one in TRANSITIONS for role in one.roles]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("source", "target", "role", "needs"),
    [
        (S.UNDER_REVIEW, S.INSTRUCTED, R.LEADERSHIP, ("post",)),
        (S.UNDER_REVIEW, S.NOT_ACTIONABLE, R.LEADERSHIP, ("reason",)),
        (S.EN_ROUTE, S.RESOLVED, R.TEAM, ("note",)),
        (S.RECEIVED, S.REFERRED, R.ADMIN, ("office",)),
        (S.RECEIVED, S.DUPLICATE, R.ADMIN, ("parent",)),
        (S.RECEIVED, S.INFO_FORWARDED, R.ADMIN, ("topic",)),
        (S.INFO_FORWARDED, S.ANSWERED, R.HOLDER, ("note",)),
        (S.RECEIVED, S.NEEDS_INFO, R.SYSTEM, ("missing",)),
        (S.INSTRUCTED, S.EN_ROUTE, R.TEAM, ()),
    ],
)
def test_what_must_come_with_a_step_is_asked_for_by_name(source, target, role, needs):
    found = step(source, target, {role})
    require(found, needs)
    require(found, {*needs, "more"})
    if needs:
        with pytest.raises(Incomplete) as refused:
            require(found, ())
        assert refused.value.missing == needs


@given(ROLE_SETS, st.sampled_from(State))
def test_more_roles_never_allow_less(roles, source):
    alone = {one.target for role in roles for one in targets(source, {role})}
    assert {one.target for one in targets(source, roles)} == alone
    assert all(step(source, target, roles).target is target for target in alone)


def _closure(found, ends):
    while more := {there for here, there in map(ends, TRANSITIONS) if here in found} - found:
        found |= more
    return found
