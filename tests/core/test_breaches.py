"""Every way in which a stage may break its word is told: plugin, verb and field, what was expected, found, and to do."""

from dataclasses import replace

import numpy as np
import pytest
from door_calls import called
from sampled import aim, all_skin, flat_detail, tiny_fit, tiny_model, tiny_texture, view_of
from toy_stages import WHITE

from facetex_core import PluginError
from facetex_core.stages import STAGES
from facetex_core.structures import Bank, Descriptor, Merged, OwnDescriptors, Photo, Segmentation, Texture

SIZE = (24, 32)
PHOTO = Photo(np.full((*SIZE, 3), 0.4, np.float32), "a.jpg")
FACE = all_skin(PHOTO).face
LOOK = PHOTO, FACE
GREY = Descriptor("net", {"a": np.eye(3, dtype=np.float32)}, {"a": 1.0})
SOLVE = GREY, [GREY] * 3
HALF = Texture(np.full((8, 8, 3), 0.3, np.float32), np.full((8, 8), 0.5, np.float32))
VIEW = view_of(HALF)
ONES = np.ones(SIZE, np.float32)


def forged(value, **parts):
    """The noun with parts that its own class would not take in a test."""
    made = object.__new__(type(value))
    for name in type(value).__dataclass_fields__:
        object.__setattr__(made, name, parts.get(name, getattr(value, name)))
    return made


def covered(**masks):
    return forged(Segmentation({"skin": ONES}), probabilities=masks)


def seen(visibility):
    return replace(HALF, visibility=np.full((8, 8), visibility, np.float32))


SKIN, MANY = "segment().probabilities['skin']: ", "segment().probabilities: "
MASK = SKIN + "expected float32 'height width' with height=24, width=32; found "
BREACHES = {
    "nothing": ("detector", (PHOTO,), None, "detect(): expected a tuple; found None: end with `return tuple(...)`"),
    "another noun": (
        "segmenter",
        LOOK,
        np.ones(SIZE),
        "segment(): expected a Segmentation; found float64 (24, 32): make it a Segmentation",
    ),
    "another number": (
        "detector",
        (PHOTO,),
        (forged(FACE, score=1),),
        "detect()[0].score: expected a float; found an int: wrap it: float(...)",
    ),
    "no number": ("detector", (PHOTO,), (replace(FACE, score=np.nan),), "detect()[0].score is nan: guard the division"),
    "a landmark too few": (
        "detector",
        (PHOTO,),
        (forged(FACE, landmarks=FACE.landmarks[1:]),),
        "detect()[0].landmarks: expected float32 '68 2'; found float32 (67, 2): axis '68' must be 68 long, not 67",
    ),
    "another size": (
        "restorer",
        LOOK,
        replace(PHOTO, rgb=PHOTO.rgb[::2].copy()),
        (
            "restore().rgb: expected float32 'height width 3' with height=24, width=32; found float32 (12, 32, 3): "
            "axis 'height' must be 24 long, not 12"
        ),
    ),
    "another dtype": (
        "segmenter",
        LOOK,
        covered(skin=np.ones(SIZE)),
        MASK + "float64 (24, 32): end with .astype(np.float32)",
    ),
    "axes exchanged": (
        "segmenter",
        LOOK,
        covered(skin=ONES.T.copy()),
        MASK + "float32 (32, 24): the axes stand in another order: transpose them",
    ),
    "not finite": (
        "blend_solver",
        SOLVE,
        np.array([0, 1, np.nan], np.float32),
        "1 of 3 values of solve() are not finite, the first at [2]: guard the division",
    ),
    "another range": (
        "segmenter",
        LOOK,
        covered(skin=255 * ONES),
        SKIN + "expected [0, 1]; found 255 to 255: values run from 0 to 1, not to 255: divide by 255",
    ),
    "no skin": (
        "segmenter",
        LOOK,
        covered(hair=ONES),
        MANY + "expected skin, and only skin, hair, glasses, mouth, background; found hair: rename them",
    ),
    "a class nobody knows": ("segmenter", LOOK, covered(skin=ONES, hat=0 * ONES), "background; found skin, hat: rename"),
    "more than one": (
        "segmenter",
        LOOK,
        covered(skin=ONES, hair=ONES),
        MANY + "expected a sum of at most 1 in every pixel; found 2: the classes exclude each other: divide by the sum",
    ),
    "a fit too few": (
        "fitter",
        ([VIEW.observation] * 2,),
        (tiny_fit(),),
        "fit() of 2 photos: expected as many fits; found 1: one for each, in order",
    ),
    "more seen": (
        "cleaner",
        (VIEW,),
        seen(0.75),
        "clean().visibility: expected no more than before; found 0.25 more: the photo saw no more than before: np.minimum",
    ),
    "more seen without light": (
        "delighter",
        (VIEW,),
        seen(1),
        "delight().visibility: expected no more than before; found 0.5 more: the photo saw no more than before: np.minimum",
    ),
    "albedo below black": (
        "light_estimator",
        (VIEW,),
        replace(VIEW.appearance, albedo=-VIEW.appearance.albedo),
        "estimate().albedo: expected [0, inf]; found -0.45 to -0.2: end with np.clip(..., 0, inf)",
    ),
    "a share for nobody": (
        "merger",
        ([VIEW],),
        Merged(HALF, np.ones((2, 8, 8), np.float32)),
        (
            "merge().shares: expected float32 'views size size' with views=1, size=8; found float32 (2, 8, 8): "
            "axis 'views' must be 1 long, not 2"
        ),
    ),
    "a descriptor too many": (
        "descriptor_extractor",
        (HALF, np.ones((2, 8, 8), np.float32)),
        (GREY,) * 3,
        "describe(): expected 2 descriptors; found 3: one for each window",
    ),
    "a weight too few": (
        "blend_solver",
        SOLVE,
        np.ones(2, np.float32),
        "solve(): expected float32 'exemplars' with exemplars=3; found float32 (2,): axis 'exemplars' must be 3 long, not 2",
    ),
    "one for each cell": (
        "hidden_predictor",
        (Bank("n", 8, {}, {}, {}, ()), np.ones(0, np.float32), OwnDescriptors((), ())),
        (GREY,),
        "predict(): expected a Descriptor; found a tuple: make it a Descriptor",
    ),
    "a smaller map": (
        "synthesizer",
        (VIEW, aim(GREY), np.random.default_rng(0)),
        tiny_texture(4),
        "synthesize().rgb: expected float32 'size size 3' with size=8; found float32 (4, 4, 3): axis 'size' must be 8 long",
    ),
    "paint over white": (
        "painter",
        (VIEW,),
        replace(HALF, rgb=HALF.rgb * 5),
        "paint().rgb: expected [0, 1]; found 1.5 to 1.5: end with np.clip(..., 0, 1)",
    ),
    "relief of another size": (
        "detailer",
        ([VIEW], HALF),
        flat_detail(4),
        "add_detail().displacement: expected float32 'size size' with size=8; found float32 (4, 4): axis 'size' must be 8 long",
    ),
    "a smaller picture": (
        "renderer",
        (None, tiny_fit().camera, WHITE),
        PHOTO,
        (
            "render().rgb: expected float32 'height width 3' with height=200, width=160; found float32 (24, 32, 3): "
            "axis 'height' must be 200 long, not 24"
        ),
    ),
}
"""By what is wrong: the role, what the stage is given, what it answers, and the words that tell."""


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_names_the_plugin_the_field_what_was_expected_and_what_to_do(name):
    role, given, result, words = BREACHES[name]
    with pytest.raises(PluginError) as error:
        called(role, result, given)
    assert str(error.value).startswith(f"{role.replace('_', ' ')} 'faulty' of plugin 'Plugin' (in-process): ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_classes_that_add_up_to_one_but_for_a_rounding_are_kept():
    nearly = covered(skin=0.75 * ONES, hair=np.float32(0.25 + 5e-5) * ONES)
    assert called("segmenter", nearly, LOOK) is not None
    with pytest.raises(PluginError, match="expected a sum of at most 1 in every pixel; found 1"):
        called("segmenter", covered(skin=0.75 * ONES, hair=np.float32(0.252) * ONES), LOOK)


def test_every_role_has_a_breach_that_is_told():
    assert {role for role, *_ in BREACHES.values()} | {"exporter"} == set(STAGES)


def test_an_exporter_that_writes_elsewhere_is_told(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "head.ply").write_text("elsewhere", "utf-8")
    words = r"export\(\): expected files in the folder that was given; found \['head.ply'\]: write to folder / 'name'"
    with pytest.raises(PluginError, match=words):
        called("exporter", lambda *_: (tmp_path / "head.ply",), (None, tmp_path / "here"))


def test_a_model_that_breaks_its_word_is_told_every_time():
    torn = forged(tiny_model(), mean=tiny_model().mean[1:])
    fit = forged(tiny_fit(), model=torn)
    for _ in range(2):
        with pytest.raises(
            PluginError, match=r"fit\(\)\[0\]\.model\.identity: expected float32 'modes vertices 3' with vertices="
        ):
            called("fitter", (fit,), ([all_skin(PHOTO)],))
