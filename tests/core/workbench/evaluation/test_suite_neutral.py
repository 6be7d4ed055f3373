"""The head at rest that a case of a suite may hold."""

import json

import numpy as np
import pytest

from facetex_core.errors import ConfigError
from facetex_core.structures import Photo
from facetex_core.workbench.evaluation.suite import Case, Neutral, Truth, read_case, write_case


def written(tmp_path, truth: Truth):
    write_case(tmp_path, Case("0001", Photo(np.full((32, 32, 3), 0.5, np.float32)), truth))
    return tmp_path / "0001"


def test_the_neutral_head_is_read_as_it_was_written(tmp_path):
    vertices = np.arange(12, dtype=np.float32).reshape(4, 3)
    case = read_case(written(tmp_path, Truth(neutral=Neutral("face_basis", vertices), at_rest=True)))
    assert case.truth.neutral is not None
    assert case.truth.neutral.model == "face_basis"
    np.testing.assert_array_equal(case.truth.neutral.vertices, vertices)
    assert case.truth.at_rest


def test_a_case_without_it_has_none(tmp_path):
    truth = read_case(written(tmp_path, Truth())).truth
    assert truth.neutral is None
    assert not truth.at_rest


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
        lambda path: np.savez(path, model="face_basis"),
        lambda path: np.savez(path, model="face_basis", vertices=np.full((4, 3), np.nan)),
        lambda path: np.savez(path, model="face_basis", vertices=np.zeros((4, 2))),
    ],
)
def test_a_damaged_one_is_named_in_one_line(tmp_path, spoil):
    folder = written(tmp_path, Truth())
    spoil(folder / "neutral.npz")
    with pytest.raises(ConfigError, match=r"truth\.json: cannot be used") as raised:
        read_case(folder)
    assert "\n" not in str(raised.value)
    assert json.loads((folder / "truth.json").read_text("utf-8"))["at_rest"] is False
