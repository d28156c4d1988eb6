"""Small numbers cannot be worked out again from what is shown: not by any combination of sums, and not by bounds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from treckk_gateway.report.suppression import SMALL, Node, suppress

LEAVES = st.lists(st.integers(0, 6), min_size=0, max_size=4)
TREES = st.lists(st.lists(LEAVES, min_size=1, max_size=3), min_size=1, max_size=3)


def built(tree):
    def made(one):
        return Node(one) if isinstance(one, int) else Node.over(*map(made, one))

    root = made(tree)
    suppress(root)
    return root


def nodes(node):
    return [node, *(found for one in node.below for found in nodes(one))]


def solved(root):
    """The nodes that follow from the shown numbers by linear algebra alone: sums are equations, shown numbers known."""
    every = nodes(root)
    unknown = [one for one in every if not one.shown]
    place = {id(one): count for count, one in enumerate(unknown)}
    rows = []
    for line in (one for one in every if one.below):
        row = [Fraction(0)] * len(unknown)
        for one, sign in ((line, -1), *((below, 1) for below in line.below)):
            if not one.shown:
                row[place[id(one)]] += sign
        rows.append(row)
    reduced, pivots = [], []
    for column in range(len(unknown)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        pivot = [one / pivot[column] for one in pivot]
        for others in (rows, reduced):
            others[:] = [[a - b * row[column] for a, b in zip(row, pivot, strict=True)] for row in others]
        reduced.append(pivot)
        pivots.append(column)
    return [unknown[column] for row, column in zip(reduced, pivots, strict=True) if sum(map(bool, row)) == 1]


def bounds(root):
    """What each number can be for somebody who knows that nothing left out is 0, by id of the node."""
    low, high = {}, {}
    top = root.count * 3 + 10

    def up(node):
        for one in node.below:
            up(one)
        if node.shown:
            low[id(node)] = high[id(node)] = node.count
        elif node.below:
            low[id(node)] = max(1, sum(low[id(one)] for one in node.below))
            high[id(node)] = min(top, sum(high[id(one)] for one in node.below))
        else:
            low[id(node)], high[id(node)] = 1, top

    def down(node):
        for one in node.below:
            others = [other for other in node.below if other is not one]
            low[id(one)] = max(low[id(one)], low[id(node)] - sum(high[id(other)] for other in others))
            high[id(one)] = min(high[id(one)], high[id(node)] - sum(low[id(other)] for other in others))
        for one in node.below:
            down(one)

    up(root)
    down(root)
    return low, high


@given(TREES)
def test_no_small_number_is_shown_or_follows_from_what_is(tree):
    root = built(tree)
    for one in nodes(root):
        assert one.value is None or one.value == one.count
        assert not (one.shown and 0 < one.count < SMALL)
        assert one.shown or one.count, "zeros are shown: there is nobody to protect"
    assert solved(root) == []


@given(TREES)
@example([[[1], [1, 1]]])
def test_a_small_number_could_be_another_for_all_anybody_knows(tree):
    root = built(tree)
    low, high = bounds(root)
    for one in nodes(root):
        if 0 < one.count < SMALL:
            assert low[id(one)] < high[id(one)]


def test_the_search_finds_what_is_not_protected():
    leaves = [Node(2), Node(5), Node(7)]
    root = Node.over(*leaves)
    leaves[0].shown = False
    assert solved(root) == [leaves[0]]
    root.shown = False
    assert solved(root) == []


@pytest.mark.parametrize(
    ("leaves", "shown", "whole"),
    [
        ([0, 0, 0], [0, 0, 0], 0),
        ([3, 4, 5], [3, 4, 5], 12),
        ([2, 4, 5], [None, None, 5], 11),
        ([1, 0, 0], [None, 0, 0], None),
        ([1, 1, 9], [None, None, None], 11),
        ([1, 1, 1], [None, None, None], None),
        ([2, 1, 0], [None, None, 0], 3),
    ],
)
def test_what_is_left_out(leaves, shown, whole):
    root = built(leaves)
    assert [one.value for one in root.below] == shown
    assert root.value == whole
