"""One front half for runs, banks, evaluations and trainings; each of its stages, and each between, can be another or none."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from facetex_cli.main import main
from facetex_cli.recipe_options import SHORT
from numpy.testing import assert_array_equal
from PIL import Image
from toy_cli import TOYS
from toy_distribution import install_module
from toy_stages import write_toy_bank

from facetex_core import DelitView, Photo, Pipeline, Registry, load_preset
from facetex_core.descriptors.bank_file import load_bank
from facetex_core.io.photo_file import example_photo
from facetex_core.observe import FrontHalf, Observer
from facetex_core.workbench.bank_builder.examine import PortraitExaminer
from facetex_core.workbench.evaluation.leave_one_out import examine

SIZE = 512
BACK = (
    "merger", "descriptor_extractor", "blend_solver", "hidden_predictor", "synthesizer", "painter", "detailer",
)  # fmt: skip


@cache
def front() -> dict[str, object]:
    """The stages that a user gets who says nothing."""
    recipe, registry = load_preset("embedded"), Registry()
    return {role: recipe.make(role, registry) for role in FrontHalf.roles()}


@pytest.fixture
def pipeline(toy, tmp_path):
    """What comes after the front half is toys, but for the merger."""
    recipe, registry = load_preset("embedded"), Registry()
    toys = {role: recipe.choosing(role, "toy").make(role, registry) for role in BACK}
    toys["merger"] = recipe.make("merger", registry)
    bank = load_bank(write_toy_bank(tmp_path / "toy.bank"))
    return Pipeline(**front(), **toys, bank=bank, size=SIZE)


@cache
def portrait_of_a_bank() -> DelitView:
    """What a bank sees of the photo that ships."""
    seen = []

    class Kept(PortraitExaminer):
        def delit(self, view):
            seen.append(super().delit(view))
            return seen[-1]

    extractor = load_preset("embedded").make("descriptor_extractor", Registry())
    Kept(**front(), descriptor_extractor=extractor, size=SIZE).examine(example_photo())
    return seen[0]


def same(one: DelitView, other: DelitView) -> None:
    for texture in ("lit", "albedo"):
        assert_array_equal(getattr(one, texture).rgb, getattr(other, texture).rgb)
        assert_array_equal(getattr(one, texture).visibility, getattr(other, texture).visibility)
    assert_array_equal(one.appearance.lighting.coefficients, other.appearance.lighting.coefficients)
    assert_array_equal(one.appearance.albedo, other.appearance.albedo)
    assert_array_equal(one.fit.vertices, other.fit.vertices)


def test_a_bank_sees_of_a_portrait_what_a_run_sees(pipeline):
    run = pipeline.run(example_photo())
    same(run.views[0], portrait_of_a_bank())
    assert_array_equal(run.merged.albedo.rgb, portrait_of_a_bank().albedo.rgb)
    assert_array_equal(run.merged.albedo.visibility, portrait_of_a_bank().albedo.visibility)


def test_leave_one_out_judges_what_a_run_sees(pipeline):
    same(examine(pipeline, example_photo()).view, portrait_of_a_bank())


def test_trainings_learn_from_what_a_run_sees():
    from training.common.portraits import default_front_half, delit_view

    same(delit_view(example_photo(), default_front_half()), portrait_of_a_bank())


def test_stages_that_no_registry_made_are_put_behind_the_door(pipeline):
    class Blind:
        def segment(self, photo, _):
            return np.ones(photo.rgb.shape[:2], np.float32)

    with pytest.raises(Exception, match=r"^segmenter Blind: segment\(\): expected a Segmentation; found float32"):
        replace(pipeline, segmenter=Blind()).observe(example_photo())


LIT_FITTER = '''
import numpy as np
from toy_stages import ToyFitter
from facetex_core import Appearance, Lighting, hookimpl

api_version = 2

class Lit(ToyFitter):
    """Holds every light for a blue one."""

    def __init__(self, blue: float = 3.0) -> None:
        super().__init__()
        self.blue = blue

    def estimate(self, view):
        light = np.outer(np.eye(9, dtype=np.float32)[0], np.float32([1, 1, self.blue]))
        return Appearance(Lighting(light), np.full((4, 4, 3), 0.4, np.float32))

@hookimpl
def fitters():
    return {"lit": Lit}
'''


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """96 x 96 of skin colour with a gradient and a black line."""
    y, x = np.mgrid[0:96, 0:96]
    rgb = np.stack([150 + x // 2, 110 + y // 2, 90 + x // 3], -1).astype(np.uint8)
    rgb[20:70, 45] = 0
    Image.fromarray(rgb).save(tmp_path / "me.png")
    return tmp_path / "me.png"


@pytest.fixture
def words(toy, tmp_path):
    """What turns `facetex run` into a run of toys; whatever comes after them counts."""
    install_module(toy, "lit_fitter", LIT_FITTER)
    return [*TOYS, "--bank", str(write_toy_bank(tmp_path / "toy.bank")), "--size", "256", "--device", "cpu"]


def stages_of(folder):
    return json.loads((folder / "facetex.json").read_text("utf-8"))["recipe"]["stages"]


def albedo_of(folder):
    return np.asarray(Image.open(folder / "albedo.png")).astype(int)


def test_the_light_of_a_fitter_takes_the_place_of_the_estimators(words, photo, tmp_path):
    """Under a light that is thrice as blue as it is, the photo's skin is a third as blue."""
    found = {}
    for light in ("toy", "fitter"):
        others = ["--fitter", "lit", "--light", light, "--delighter", "division", "-q"]
        assert main(["run", str(photo), "-o", str(tmp_path / light), *words, *others]) == 0
        found[light] = albedo_of(tmp_path / light)
        assert stages_of(tmp_path / light)["light_estimator"] == {"use": light}
    white, blue = (each.mean((0, 1)) for each in (found["toy"], found["fitter"]))
    np.testing.assert_allclose(blue[:2], white[:2], atol=1)
    assert blue[2] < 0.7 * white[2]
    skies = [(tmp_path / light / "environment.hdr").read_bytes() for light in found]
    assert skies[0] != skies[1]


def test_a_fitter_without_light_is_told_in_one_line_what_finds_it(words, photo, tmp_path, capsys):
    assert main(["run", str(photo), "-o", str(tmp_path / "out"), *words, "--light", "fitter"]) == 2
    told = "error: fitter 'toy' does not estimate light; --light takes one of harmonics, least-squares, none, toy\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / "out").exists()


OTHERS = {
    "restorer": ("none", "deblock", "denoise", "deblock+denoise"),
    "cleaner": ("none", "defects", "outliers", "defects+outliers"),
    "light": ("none", "harmonics", "least-squares"),
    "merger": ("none", "bands", "mean"),
    "hidden": ("none", "own"),
    "painter": ("none", "eyes", "brown"),
}


@pytest.mark.parametrize(("short", "name"), [(short, name) for short, names in OTHERS.items() for name in names])
def test_every_stage_between_can_be_another_or_none(words, photo, tmp_path, short, name):
    """In a run of two photos of one person, whose other stages are toys."""
    second, out = tmp_path / "again.png", tmp_path / "out"
    second.write_bytes(photo.read_bytes())
    chosen = ["--same-person", f"--{short}", name, "-q"]
    assert main(["run", str(photo), str(second), "-o", str(out), *words, *chosen]) == 0
    assert stages_of(out)[SHORT[short]]["use"] == name
    assert len(json.loads((out / "facetex.json").read_text("utf-8"))["photos"]) == 2
    assert albedo_of(out).mean() > 20


def test_every_shipped_choice_of_these_stages_is_tried():
    offers = Registry().offers
    for short, names in OTHERS.items():
        role = SHORT[short]
        shipped = {name for name, offer in offers[role].items() if offer.origin.startswith("facetex ")}
        assert shipped == {part for name in names for part in name.split("+")}, role


def test_a_restorer_does_not_change_the_lens():
    """One that makes a photo anew, as plugins do, knows nothing of its focal length."""
    stages = {role: front()[role] for role in Observer.roles()}

    class Anew:
        def restore(self, photo, face):  # noqa: ARG002
            return Photo(photo.rgb, photo.name)

    photo = replace(example_photo(), focal=777.0)
    assert Observer(**stages | {"restorer": (Anew(),)}).observe(photo).photo.focal == 777.0
