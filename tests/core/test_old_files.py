"""Files of facetex 0.1: records, presets, grids, banks, caches and keys of studies are read, or refused with what to do."""

import hashlib
import json

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_cli.recipe_options import repeat
from toy_stages import write_toy_bank

from facetex_core import load_preset
from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.errors import ModelError
from facetex_core.workbench.comparison.cache import Cache
from facetex_core.workbench.comparison.grid import read_grid

# As facetex 0.1.0 wrote them.
STAGES = {
    "detector": {"use": "landmarks"},
    "fitter": {"use": "basis"},
    "segmenter": {"use": "skin"},
    "delighter": {"use": "network"},
    "descriptor_extractor": {"use": "small"},
    "blend_solver": {"use": "convex"},
    "synthesizer": {"use": "complete", "match_iterations": 0},
    "detailer": {"use": "shading"},
    "renderer": {"use": "raster"},
    "exporter": {"use": "glb+obj"},
}
NEW = {"restorer": "deblock", "cleaner": "defects", "light_estimator": "harmonics", "merger": "bands", "painter": "eyes"}
KEY = """
{"study": "5d1c9a4e", "question": "Which is the photo?", "variants": ["photo", "mine"],
 "trials": {"t1": {"case": "a", "pictures": {"p1": "photo", "p2": "mine"}}}}
"""
ANSWERS = """
{"study": "5d1c9a4e", "participant": "ab12", "seed": 1,
 "answers": [{"trial": "t1", "left": "p1", "right": "p2", "chosen": "p1", "seconds": 1}]}
"""


def record(folder, **changed):
    path = folder / "facetex.json"
    recipe = {"size": 512, "seed": 3, "device": "cpu", "bank": "bank", "stages": {**STAGES, **changed}}
    path.write_text(json.dumps({"photo": "me.jpg", "recipe": recipe, "versions": {"facetex": "0.1.0"}}), "utf-8")
    return path


def test_a_record_is_repeated_with_what_was_built_in(tmp_path):
    recipe = repeat(record(tmp_path))
    assert {role: choice.name for role, choice in recipe.stages.items()} == {
        **{role: table["use"] for role, table in STAGES.items()},
        **NEW,
        "hidden_predictor": "none",
    }
    assert (recipe.size, recipe.seed) == (512, 3)


@pytest.mark.parametrize("solver", ["least-squares", "affine"])
def test_a_record_whose_solver_carried_the_own_face_over_does_it_still(tmp_path, solver):
    assert repeat(record(tmp_path, blend_solver={"use": solver})).stages["hidden_predictor"].name == "own"


def test_a_preset_whose_solver_meant_the_blend_alone_is_read_with_a_word(tmp_path, said):
    path = tmp_path / "mine.toml"
    path.write_text('[stages]\nblend_solver = { use = "convex" }\n', "utf-8")
    assert load_preset(str(path)).stages["hidden_predictor"].name == "own"
    assert len(said) == 1
    assert said[0].startswith("mine.toml: blend_solver 'convex' and no hidden_predictor")
    assert said[0].endswith('hidden_predictor = { use = "none" }')
    path.write_text('[stages]\nblend_solver = { use = "convex" }\nhidden_predictor = { use = "none" }\n', "utf-8")
    assert load_preset(str(path)).stages["hidden_predictor"].name == "none"
    assert len(said) == 1


def test_a_grid_whose_solvers_meant_the_blend_alone_is_read_with_a_word(tmp_path, said):
    path = tmp_path / "grid.toml"
    path.write_text('[stages]\nblend_solver = ["least-squares", "convex"]\n', "utf-8")
    assert len(read_grid(path).variants()) == 2
    assert [line.split(" and ")[0] for line in said] == ["grid.toml: blend_solver 'convex'"]


def test_presets_that_ship_need_no_word(said):
    assert load_preset("paper").stages["hidden_predictor"].name == "none"
    assert load_preset("draft").stages["hidden_predictor"].name == "own"
    assert said == []


def test_a_bank_is_read_and_one_of_another_version_says_what_to_do(tmp_path):
    bank = load_bank(write_toy_bank(tmp_path / "toy.bank"))
    assert bank.grid == 1
    save_bank(bank, tmp_path / "old.bank")
    with np.load(tmp_path / "old.bank") as arrays:
        np.savez(tmp_path / "older.npz", **{**arrays, "version": np.array(1)})
    with pytest.raises(ModelError, match="has version 1, this facetex reads 2: facetex bank build makes it again"):
        load_bank(tmp_path / "older.npz")


def test_the_key_of_a_study_is_read(tmp_path, capsys):
    (tmp_path / "s.key.json").write_text(KEY, "utf-8")
    (tmp_path / "ab12.json").write_text(ANSWERS, "utf-8")
    assert main(["study", "report", str(tmp_path / "ab12.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["chosen"] == 1


def test_what_an_old_comparison_has_kept_is_removed(tmp_path):
    import facetex_model_zoo as zoo

    old = tmp_path / "cache" / "1" / f"{'0' * 64}.fitter"
    old.parent.mkdir(parents=True)
    old.write_bytes(hashlib.sha256(b"{}").digest() + b"{}")
    assert Cache(tmp_path / "cache", zoo).folder == tmp_path / "cache" / "2"
    assert not old.exists()
