"""Sheets of pictures: every row is there once, whatever their number and width."""

from dataclasses import replace

import numpy as np
import pytest
from sampled import tiny_fit, tiny_head, tiny_model
from suite_cases import case_of

from facetex_core.workbench.evaluation.albedo import AlbedoAttempt, AlbedoScore
from facetex_core.workbench.evaluation.evaluate import Attempt, Score, measured
from facetex_core.workbench.evaluation.pictures import FACES, SHEET_SIDE, WARMEST, albedo_row, row_of, sheet

LIT = slice(60, 240)
"""Rows and columns of a tile that are no text."""


def tiles_of(row):
    return [row[:, left : left + SHEET_SIDE] for left in range(0, row.shape[1], SHEET_SIDE)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_a_sheet_holds_every_row_once_in_columns_and_black_between(count):
    rows = [np.full((2, 3 + number % 3, 3), 10 + number, np.uint8) for number in range(count)]
    whole, high = sheet(rows), -(-count // FACES)
    wide = max(row.shape[1] for row in rows)
    assert whole.shape == (2 * high, FACES * wide, 3)
    for number, row in enumerate(rows):
        column, line = divmod(number, high)
        cell = whole[2 * line : 2 * line + 2, column * wide : (column + 1) * wide]
        np.testing.assert_array_equal(cell[:, : row.shape[1]], row)
        assert cell[:, row.shape[1] :].max(initial=0) == 0
    assert np.count_nonzero(whole) == sum(row.size for row in rows)


def test_a_row_shows_the_photo_then_the_mesh_over_it_then_how_far_it_is_off():
    fit = tiny_fit()
    case = case_of(fit)
    exact = measured(case, "tiny", fit, 1.0)
    far = replace(exact, distances=np.full_like(exact.distances, WARMEST))
    photo, mesh, near, _, away = (tile[LIT, LIT].astype(float) for tile in tiles_of(row_of(case, [exact, far])))
    assert np.ptp(photo[:, 50:130]) == 0
    assert np.ptp(mesh.max(-1)) > 30
    assert (away[..., 0] - away[..., 2]).max() > 60 > (near[..., 0] - near[..., 2]).max()  # red is far


def test_a_fit_that_failed_leaves_the_photo_as_it_is():
    case = case_of(tiny_fit())
    photo, other = tiles_of(row_of(case, [Attempt(Score("case", "tiny", failed="no face found"))]))
    np.testing.assert_array_equal(photo[LIT], other[LIT])


def test_a_row_of_albedos_shows_the_true_one_before_what_was_found():
    true = tiny_head().albedo
    score, case = AlbedoScore("case", "division"), case_of(tiny_fit())
    tiles = tiles_of(albedo_row(case, [AlbedoAttempt(score, true, true)], tiny_model()))
    assert len(tiles) == 3
    np.testing.assert_array_equal(tiles[1][LIT], tiles[2][LIT])
    assert tiles[1][LIT].any()


def test_an_albedo_that_failed_is_a_black_tile():
    case, score = case_of(tiny_fit()), AlbedoScore("case", "division", failed="no face found")
    tiles = tiles_of(albedo_row(case, [AlbedoAttempt(score)], tiny_model()))
    assert len(tiles) == 2
    assert not tiles[1][LIT].any()
