"""Public names are the field's terms: words that mean something else there, or nothing, stay out of names and messages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from facetex_cli.main import COMMANDS, facetex
from places import ROOT

from facetex_core import Registry

PACKAGES = ("facetex_core", "plugins/facetex_plugins", "model_zoo/facetex_model_zoo", "cli/facetex_cli")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

MODULES = {
    "crop": "regions; a crop is cut from a photo",
    "face_crops": "alignment",
    "divide_light": "residuals",
    "blocks": "deblock",
    "damage": "defects",
    "views": "portrait_cameras, image_pyramid",
    "split": "unweld",
    "surface": "closest_point",
    "occlusion": "ambient_occlusion, visibility",
    "maps": "texture_files",
    "hush": "silence",
    "suggest": "did_you_mean",
    "hiding": "leave_one_out_run",
    "scoring": "eval_run",
    "orders": "recipe_options",
    "brought": "licensed",
    "adopt": "correspondence",
    "foretell": "predict_hidden",
}
"""File names that misled, and what the files are called."""

INSTEAD = {
    "relight": "estimate_appearance; to relight is to render under new light",
    "explain_light": "estimate_appearance",
    "light_between": "refit_lighting",
    "colourless": "is_monochrome",
    "coloured": "colourise",
    "divided_by_light": "remove_residual_shading",
    "without_squares": "deblock",
    "squares": "blockiness, unpack_symmetric",
    "damage": "defects",
    "hide_damage": "mask_defects",
    "Square": "OrientedBox",
    "halves": "image_pyramid",
    "view_for": "pyramid_level",
    "cut": "warp_crop",
    "suppress": "non_max_suppression",
    "Views": "ImagePyramid",
    "Maps": "photos",
    "Pose": "FrameParameters; a pose is rigid",
    "Normal": "NormalEquations",
    "normal": "normal_equations",
    "Sight": "LandmarkObservation",
    "lens": "intrinsics",
    "turn": "rotation",
    "ways": "normals, directions",
    "probes": "surface_points",
    "drift": "residual_flow",
    "foretell": "predict_hidden",
    "aim": "target",
    "Own": "OwnDescriptors",
    "Studio": "PortraitExaminer",
    "Sitting": "ExaminedPortrait",
    "sit": "examine",
    "seen_like": "under_mask",
    "under": "coefficients_under",
    "mass": "support",
    "Texels": "UVRaster",
    "lay_out_texels": "rasterize_uv",
    "spread": "interpolate",
    "there_are": "did_you_mean",
    "clearness": "view_weight",
    "pixels_a_texel": "pixels_per_texel",
    "trust": "confidence",
    "grain": "noise_texture",
    "own_grain": "noise_texture",
    "reach": "receptive_field",
    "numbers": "activations",
    "descend": "lbfgs",
    "halves_pay": "bfloat16_is_fast",
    "Eye": "FeatureNetwork",
    "look": "features_of",
    "Dress": "GlbData",
    "toned": "with_tone",
    "Workshop": "StageCache",
    "Effort": "Cost",
    "Forecast": "Eta",
    "Use": "CacheHit",
    "Order": "...Options",
    "Manner": "...Options",
    "Bench": "Context",
    "bend": "register_nonrigidly",
    "lay": "register_part",
    "Laid": "RegisteredPart",
    "told": "the error's text",
    "laid": "registered",
    "exempt": "waived_checks",
}
"""Names of classes, functions, methods, fields and options that are not said, and what is."""

IN_MESSAGES = re.compile(r"\b(relight|foretell\w*|clearness|pixels a texel|seen like|drift|blend mass|laid out texels)\b")


def public_names(path: Path) -> Iterator[str]:
    """Classes and functions, their methods and fields."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef):
                yield inner.name
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                yield inner.target.id


def messages(path: Path) -> Iterator[str]:
    """The texts that errors and warnings are made of."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if isinstance(node, ast.Raise) or (named and node.func.id in ("warn", "demand")):
            yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_public_names_and_messages_are_the_fields_terms(path):
    wrong = {name: INSTEAD[name] for name in public_names(path) if name in INSTEAD}
    assert wrong == {}
    assert path.stem not in MODULES
    assert [text for text in messages(path) if IN_MESSAGES.search(text)] == []


def test_options_are_the_fields_terms():
    offers = [
        offer for offers in Registry().offers.values() for offer in offers.values() if offer.origin.startswith("facetex ")
    ]
    named = {offer.name for offer in offers} | {option.name for offer in offers for option in offer.options}
    for name in COMMANDS:
        command = facetex.get_command(click.Context(facetex), name)
        named |= {str(parameter.name) for parameter in command.params}
    assert named & set(INSTEAD) == set()


def test_the_look_sees_a_name_and_a_message(tmp_path):
    path = tmp_path / "crop.py"
    path.write_text("class Sight:\n    lens: int\n    def sit(self):\n        raise ValueError('no drift')\n", "utf-8")
    assert [name for name in public_names(path) if name in INSTEAD] == ["Sight", "lens", "sit"]
    assert [text for text in messages(path) if IN_MESSAGES.search(text)] == ["no drift"]
