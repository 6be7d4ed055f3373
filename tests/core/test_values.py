"""What two answers of a stage differ in, told in words."""

import numpy as np

from facetex_core.testing.contract import difference, snapshot

LARGE = np.zeros((200, 200), np.float32)


def told(one, other):
    return difference(snapshot(one), snapshot(other), "fit()")


def changed():
    """One number in the middle of many, which no print of the array shows."""
    array = LARGE.copy()
    array[100, 100] = 0.5
    return array


def test_the_same_has_no_difference():
    assert told((LARGE, 3, "a"), (LARGE.copy(), 3, "a")) == ""


def test_a_single_number_among_many_is_found():
    assert told((LARGE,), (changed(),)) == "fit()[0] differs by up to 0.5"


def test_another_shape_or_type_is_told_apart_from_other_numbers():
    assert told((LARGE,), (LARGE[1:],)) == "fit()[0] has another shape or type"
    assert told((LARGE,), (LARGE.astype(np.float64),)) == "fit()[0] has another shape or type"


def test_words_and_numbers_are_compared_too():
    assert told(("a", 3), ("a", 4)) == "fit()[1] differs"


def test_more_parts_are_other_parts():
    assert told((LARGE,), (LARGE, LARGE)) == "fit() has other parts"


def test_a_snapshot_stays_when_the_array_is_written_into():
    array = LARGE.copy()
    before = snapshot((array,))
    array[3, 5] = 1
    assert difference(before, snapshot((array,)), "") == "[0] differs by up to 1"
