"""Pictures of a comparison as files."""

import numpy as np
from PIL import Image

from facetex_core.io.texture_files import encode_png
from facetex_core.workbench.comparison.picture_files import SHEET_ROWS, file_name, folder_of, save_pictures, save_sheets
from facetex_core.workbench.comparison.pictures import ON_SHEET, PAGE_SIDE, PICTURES


def test_file_names_are_readable_plain_and_never_alike():
    assert file_name("basis · match_iterations=8") == "basis__match_iterations=8"
    strange = ["a b", "a_b", "a/b", "a · b", "a__b", "../a", ".a", "..", "·", "me.png (2)", "x" * 300, "x" * 301]
    names = [file_name(each) for each in strange]
    assert len(set(map(str.lower, names))) == len(strange)
    for name in names:
        assert not set(name) & set('/\\:*?"<>| ')
        assert name[0] not in ".-"
        assert len(name) < 120


def test_a_sheet_has_a_row_for_each_variant_that_was_made(tmp_path):
    variants = [str(number) for number in range(SHEET_ROWS + 2)]
    for number, variant in enumerate(variants[1:]):
        small = np.full((64, 64, 3), 20 * number, np.uint8)
        save_pictures(folder_of(tmp_path, "me.png", variant), {kind: encode_png(small) for kind in PICTURES})
    save_sheets(tmp_path, "me.png", variants)
    sheets = [np.asarray(Image.open(tmp_path / "me.png" / name)) for name in ("grid.png", "grid_2.png")]
    heights = [sheet.shape[0] // PAGE_SIDE for sheet in sheets]
    assert heights == [SHEET_ROWS, 1]
    assert all(sheet.shape[1] == len(ON_SHEET) * PAGE_SIDE for sheet in sheets)
    assert (sheets[1][100, ::PAGE_SIDE] == 20 * SHEET_ROWS).all()
    assert (tmp_path / "me.png" / "3" / "left_cheek.png").is_file()
