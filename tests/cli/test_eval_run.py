"""The synthetic cases of an evaluation: numbered, seeded, near and far turns by turns, each light as often as another."""

import numpy as np
import pytest
from facetex_cli.cases import sampled

from facetex_core.lighting.environment import hdr_bytes
from facetex_core.workbench.evaluation import synthetic
from facetex_core.workbench.evaluation.synthetic import BANDS


@pytest.fixture
def asked(monkeypatch):
    """What cases are asked for, in place of cases."""

    def ask(_model, seed, panorama, *, band, name, light):
        return seed, None if panorama is None else panorama.shape, band, name, light

    monkeypatch.setattr(synthetic, "sample_case", ask)


def test_every_case_has_its_seed_its_name_and_the_next_band(asked):
    found = list(sampled(None, 5, 3, (), None))
    assert [case[0] for case in found] == [30_000, 30_001, 30_002, 30_003, 30_004]
    assert [case[2] for case in found] == [BANDS[number % len(BANDS)] for number in range(5)]
    assert [case[3] for case in found] == ["0001", "0002", "0003", "0004", "0005"]
    assert {case[4] for case in found} == {"made up"}


def test_panoramas_take_turns_when_all_bands_had_the_one_before(asked, tmp_path):
    paths = tmp_path / "sun.hdr", tmp_path / "room.hdr"
    for path in paths:
        path.write_bytes(hdr_bytes(np.full((8, 16, 3), 0.5, np.float32)))
    found = list(sampled(None, 3 * len(BANDS), 0, paths, None))
    assert [case[4] for case in found] == ["sun"] * len(BANDS) + ["room"] * len(BANDS) + ["sun"] * len(BANDS)
