"""`facetex eval leave-one-out`: nothing hidden leaks, and the measures measure."""

import csv
import json
from dataclasses import replace

import facetex_model_zoo as zoo
import numpy as np
import pytest
import toy_stages as toys
from facetex_cli.eval import SPLIT_NAMES as SPLITS_BY_NAME
from facetex_cli.main import main
from facetex_plugins.light.harmonics import HarmonicsEstimator
from facetex_plugins.predict.own import BlendPredictor, OwnPredictor
from facetex_plugins.solve.convex import ConvexSolver
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sampled import tiny_fit, view_of
from skimage import data

from facetex_core import Photo, PhotoError, Texture
from facetex_core.texture.regions import face_slices, region
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork, hidden_errors, moments
from facetex_core.workbench.evaluation.leave_one_out import (
    FRONTAL,
    SPLITS,
    Score,
    Subject,
    examine,
    predict,
    summary,
    trials,
    truth_of,
    without,
)

SIZE = 128


@pytest.fixture(scope="module")
def eyes():
    return {"descriptor": FeatureNetwork("descriptor", zoo.model_path("descriptor"), ("conv1_1", "conv3_1"))}


def grain(seed, strength=0.03):
    return np.exp(np.random.default_rng(seed).normal(0, strength, (SIZE, SIZE, 1)))


def subject_of(seed=0):
    """Skin with grain, symmetric in colour but not in grain; the whole face was seen."""
    fit = tiny_fit()
    visibility = region(fit.model, "face", SIZE)
    rgb = np.array([0.45, 0.28, 0.2]) * grain(seed) * (visibility[..., None] > 0)
    texture = Texture(rgb.astype(np.float32), visibility)
    return Subject("tiny.png", view_of(texture, fit))


def showing(subject, texture):
    """The subject with another albedo, light and all."""
    return replace(subject, view=replace(subject.view, lit=texture, albedo=texture))


@pytest.fixture
def pipeline(tmp_path):
    return toys.toy_pipeline(tmp_path, SIZE, light_estimator=HarmonicsEstimator(), hidden_predictor=OwnPredictor())


def hide(split="left", number=0):
    mask = list(SPLITS[split].values())[number]
    return mask(tiny_fit(), SIZE)


class Witness:
    """Keeps what it was given."""

    def synthesize(self, view, target, rng):  # noqa: ARG002
        shown = (view.albedo.rgb, view.albedo.visibility, view.lit.rgb, view.lit.visibility)
        self.given = *shown, view.appearance.albedo, target.plain.correlations["colour"], target.whole.correlations["colour"]
        return view.albedo


def test_nothing_that_is_hidden_reaches_a_synthesizer(pipeline):
    hidden, witness, seen = hide(), Witness(), []
    for change in (1.0, 0.5):
        subject = subject_of()
        other = np.where(hidden[..., None], change * subject.albedo.rgb, subject.albedo.rgb).astype(np.float32)
        texture = replace(subject.albedo, rgb=other)
        predict(pipeline, showing(subject, texture), hidden, {"witness": witness})
        seen.append(witness.given)
    for one, other in zip(*seen, strict=True):
        assert_array_equal(one, other)
    for texels in seen[0][:4]:
        assert not texels[hidden].any()


def test_what_is_shown_decides_what_is_wanted(pipeline):
    """The toy bank's exemplars are grey skin and skin whose colours have nothing to do with each other."""
    witness, wanted = Witness(), []
    for tone in ([0.4, 0.4, 0.4], [0.7, 0.2, 0.1]):
        subject = subject_of()
        rgb = np.where(subject.albedo.rgb > 0, np.array(tone, np.float32), 0).astype(np.float32)
        texture = replace(subject.albedo, rgb=rgb)
        predict(
            replace(pipeline, blend_solver=ConvexSolver(), hidden_predictor=BlendPredictor()),
            showing(subject, texture),
            hide(),
            {"witness": witness},
        )
        wanted.append(witness.given[-2][0, 1])
    assert wanted[0] > 1.5 * wanted[1]


def test_the_command_line_names_every_split():
    assert tuple(SPLITS) == SPLITS_BY_NAME


def test_where_no_border_is_known_no_seam_is_told(eyes):
    hidden = np.ones((SIZE, SIZE), bool)
    assert errors_of(0.5 * subject_of().albedo.rgb, eyes, hidden)["seam"] == 1


def test_the_parts_are_what_they_say():
    (right, left), (far, other) = ([hide(split, number) for number in (0, 1)] for split in ("left", "far"))
    assert_array_equal(right, ~left)
    face = region(tiny_fit().model, "face", SIZE) > 0.5
    for part in (far, other):
        assert 0.1 < part[face].mean() < 0.5
    assert (far & other)[face].mean() < 0.05  # what no side sees
    for part, half in ((far, right), (other, left)):
        mine, others = (part & face & half).sum(), (part & face & ~half).sum()
        assert max(mine, others) > 5 * min(mine, others)
    assert hide("lower")[face].mean() == pytest.approx(0.5, abs=0.2)
    assert 0.1 < hide("centre")[face].mean() < 0.5


def errors_of(found, eyes, hidden=None):
    subject = subject_of()
    truth = truth_of(subject, hide() if hidden is None else hidden, eyes)
    return hidden_errors(truth, found[face_slices(subject.fit.model, SIZE)].astype(np.float32), eyes)


def test_the_truth_itself_has_no_error(eyes):
    errors = errors_of(subject_of().albedo.rgb, eyes)
    assert errors["psnr_db"] == pytest.approx(100)
    assert errors["energy"] == errors["seam"] == 1
    assert all(errors[name] == 0 for name in errors if name.startswith("descriptor"))
    assert errors["tone"] == 0


def test_each_measure_sees_what_it_is_for(eyes):
    truth, hidden = subject_of().albedo.rgb, hide()[..., None]
    flat, rough = (np.where(hidden, np.array([0.45, 0.28, 0.2]) * grain(7, s), truth) for s in (0.0, 0.06))
    darker = np.where(hidden, 0.7 * truth, truth)
    smooth, coarse, dark = (errors_of(found, eyes) for found in (flat, rough, darker))
    assert smooth["energy"] < 0.05
    assert coarse["energy"] == pytest.approx(4, rel=0.2)
    assert smooth["tone"] < 0.5
    assert dark["energy"] == pytest.approx(1, abs=0.02)
    assert 3 < dark["tone"] < 15
    assert dark["seam"] > 10 > smooth["seam"]
    assert dark["descriptor correlation conv1_1"] > 0.2
    assert smooth["descriptor centred conv1_1"] > 0.8
    assert min(coarse["descriptor feature"], smooth["descriptor feature"]) > 0.5
    assert smooth["psnr_db"] > coarse["psnr_db"] > dark["psnr_db"]


def test_covariance_is_the_correlation_without_the_mean():
    generator = np.random.default_rng(0)
    feature = generator.normal(1, 1, (4, 9, 9)).astype(np.float32)
    mask = (generator.random((9, 9)) < 0.6).astype(np.float32)
    inside = feature[:, mask > 0]
    assert_allclose(moments(feature, mask, True), np.cov(inside, bias=True), rtol=1e-6)
    assert_allclose(moments(feature, mask, False), inside @ inside.T / inside.shape[1], rtol=1e-5)


def test_a_part_that_was_never_seen_or_all_that_was_gives_no_figure(pipeline, eyes):
    subject = subject_of()
    for gone, parts in (("lower", ["right from left", "left from right"]), ("left", ["lower face"])):
        rest = without(subject.albedo, hide(gone))
        found = trials(pipeline, showing(subject, rest), ["left", "lower"], {"witness": Witness()}, eyes)
        assert [trial.part for trial in found] == parts


def test_a_turned_face_is_no_judge(pipeline):
    photo, turned = Photo(np.full((160, 160, 3), 0.4, np.float32), "a.png"), toys.ToyFitter(yaw=FRONTAL + 5)
    with pytest.raises(PhotoError, match=r"a\.png: the face is turned by 15 degrees; at most 10 are allowed"):
        examine(replace(pipeline, fitter=turned), photo)
    assert examine(pipeline, photo).tone == "light"


def score(person, synthesizer, value, part="", sex=""):
    return Score(person, "dark", sex, "left", part, synthesizer, {"off": value})


def test_people_count_once_and_the_best_of_each_is_told():
    scores = [score("ann", "one", 1, "a", "f"), score("ann", "one", 3, "b", "f"), score("bob", "one", 5, "a", "m")]
    scores += [score("ann", "two", 2.5, "a", "f"), score("bob", "two", 1, "a", "m")]
    rows = {(row["group"], row["synthesizer"]): row for row in summary(scores, "off")}
    assert rows["all", "one"]["off"] == pytest.approx({"median": 3.5, "mean": 3.5, "p90": 4.7})
    assert (rows["all", "one"]["best"], rows["all", "one"]["people"]) == (0.5, 2)
    assert (rows["f", "one"]["best"], rows["m", "one"]["best"]) == (1, 0)
    assert {group for group, _ in rows} == {"all", "dark", "f", "m"}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(data.astronaut()).save(folder / "eileen.png")
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(folder / "wall.png")
    (tmp_path / "photos.json").write_text(json.dumps([{"file": "any/eileen.png", "gender": "female"}]))
    return folder


def test_a_folder_of_photos_gives_tables_and_a_sheet(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "facetex_core.workbench.evaluation.leave_one_out.FRONTAL", 30.0
    )  # the only portrait that ships is turned a little
    out, words = tmp_path / "out", ["--size", "256", "--split", "left", "--synthesizer", "mirror,lowfrequency"]
    assert main(["eval", "leave-one-out", str(photos), *words, "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert "left out: wall.png: no face found" in said.err
    first, *lines = said.out.splitlines()
    assert first.split()[:3] == ["hidden", "synthesizer", "people"]
    assert [line.split()[:3] for line in lines[:2]] == [["left", "mirror", "1"], ["left", "lowfrequency", "1"]]
    assert "female" in said.out
    assert sorted(file.name for file in out.iterdir()) == ["leave-one-out.csv", "leave-one-out.jpg", "leave-one-out.json"]
    record = json.loads((out / "leave-one-out.json").read_text())
    with (out / "leave-one-out.csv").open() as file:
        assert [float(row["psnr_db"]) for row in csv.DictReader(file)] == [case["psnr_db"] for case in record["cases"]]
    energies = {row["synthesizer"]: row["energy"]["mean"] for row in record["summary"] if row["group"] == "all"}
    assert energies["mirror"] > 2 * energies["lowfrequency"]
    with Image.open(out / "leave-one-out.jpg") as picture:
        assert picture.width == 2 * picture.height  # two parts; truth, what is shown, and two predictions


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["photos", "--synthesizer", "mirrors"], "no synthesizer 'mirrors'; did you mean 'mirror'?"),
        (["photos", "--split", "rigth"], "no split 'rigth'"),
        (["photos", "--size", "300"], "size 300 is none of 256"),
        (["photos", "-o", "photos/eileen.png/x"], "cannot be written"),
        (["walls", "-q"], "walls: no usable photo"),
    ],
)
def test_what_cannot_be_judged_is_one_line(photos, tmp_path, monkeypatch, capsys, words, answer):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walls").mkdir()
    (photos / "wall.png").rename(tmp_path / "walls/wall.png")
    assert main(["eval", "leave-one-out", *words]) == 2
    assert answer in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_list_of_people_that_is_none_is_named(photos, capsys):
    (photos / "photos.json").write_text('{"file": "a"}')
    assert main(["eval", "leave-one-out", str(photos), "--size", "256", "--synthesizer", "mirror"]) == 2
    assert "photos.json: is no list of tables with `file` and `sex`" in capsys.readouterr().err
