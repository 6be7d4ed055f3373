"""`facetex eval identity`: suites, scans, photos and clips, and the tables made of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from facetex_cli.eval_identity_run import Result, agreements, shapes, summary
from facetex_cli.main import main
from facetex_model_zoo import model_path
from PIL import Image
from skimage.data import astronaut

from facetex_core.errors import PhotoError
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.lazy import cv2
from facetex_core.structures import Camera, Face, Fit, Photo
from facetex_core.workbench.evaluation.identity_agreement import Shape, agreement, frames, mirror, shape_of, versions
from facetex_core.workbench.evaluation.identity_error import compared_vertices
from facetex_core.workbench.evaluation.suite import Case, Neutral, Truth, write_case

CAMERA = Camera(np.eye(3, dtype=np.float32), np.eye(4, dtype=np.float32), (64, 64))


@pytest.fixture(scope="module")
def model():
    return load_morphable_model(model_path("face_basis"))


def fit_of(model, identity) -> Fit:
    return Fit(model, np.asarray(identity, np.float32), np.zeros(len(model.expression), np.float32), CAMERA)


def drawn(model, seed) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(model.identity)).astype(np.float32)


@pytest.fixture
def suite(tmp_path, model):
    """A portrait that is said to be of a known head."""
    neutral = fit_of(model, drawn(model, 0)).neutral
    mesh = replace(model.mesh, vertices=neutral)
    truth = Truth(mesh=mesh, neutral=Neutral(model.name, neutral), at_rest=True)
    portrait = (astronaut()[:256, 96:352] / 255).astype(np.float32) ** 2.2
    write_case(tmp_path / "heads", Case("0001", Photo(portrait), truth))
    return tmp_path / "heads"


def test_a_suite_has_a_row_for_the_mean_head_what_was_found_and_half_of_it(suite, tmp_path, capsys):
    assert main(["eval", "identity", str(suite), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    printed = capsys.readouterr().out
    for name in ("mean head", "posterior", "half of posterior", "nose", "depth"):
        assert name in printed
    record = json.loads((tmp_path / "out/identity.json").read_text("utf-8"))
    mean, found, half = record["summary"]
    assert mean["share"] == 0
    assert mean["error"] == pytest.approx(1)
    assert mean["surface"] == 1
    assert found["share"] != 0
    assert half["share"] == pytest.approx(found["share"] / 2)
    assert set(found["regions"]) >= {"face", "nose", "jaw"}
    assert record["cases"][0]["case"] == "0001"
    assert (tmp_path / "out/identity.csv").exists()


def test_a_photo_is_compared_with_its_own_versions(tmp_path, capsys):
    (tmp_path / "people").mkdir()
    Image.fromarray(astronaut()[:256, 96:352]).save(tmp_path / "people/one.png")
    assert main(["eval", "identity", "--photos", str(tmp_path / "people"), "--json", "--quiet"]) == 0
    row = json.loads(capsys.readouterr().out)["agreement"]["posterior"]
    assert row["within"] > 0
    assert row["between"] == 0
    assert row["size"] > row["within"] / 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to measure"),
        (["nowhere"], "no such suite"),
        (["--scan", "nowhere.obj"], "nowhere.obj"),
        (["--video", "nowhere.mp4"], "nowhere.mp4"),
    ],
)
def test_what_cannot_be_measured_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "identity", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0


def test_a_file_that_is_no_clip_is_one_line(tmp_path, capfd):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no clip")
    assert main(["eval", "identity", "--video", str(path)]) == 2
    assert "cannot be opened as a video" in capfd.readouterr().err


def test_a_clip_gives_frames_spread_over_it(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for level in range(0, 250, 10):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    levels = [float(frame.rgb.mean()) for frame in frames(path, 4)]
    assert len(levels) == 4
    assert levels == sorted(levels)
    assert levels[-1] > levels[0] + 0.1
    with pytest.raises(PhotoError):
        list(frames(tmp_path / "nowhere.avi"))


def test_the_versions_of_a_photo_show_the_same_face():
    photo = Photo(np.random.default_rng(0).random((100, 80, 3)).astype(np.float32))
    face = Face(np.array([20, 30, 60, 70], np.float32), np.zeros((68, 2), np.float32), np.zeros((0, 2), np.float32), 1.0)
    made = dict(versions(photo, face))
    np.testing.assert_array_equal(made["mirrored"].rgb[:, ::-1], photo.rgb)
    assert made["crop 0.35"].size < made["crop 0.9"].size <= photo.size
    assert made["light 0.6"].rgb.mean() < photo.rgb.mean() < made["light 1.6"].rgb.mean()
    assert all(each.rgb.max() <= 1 for each in made.values())


def test_a_mirrored_head_mirrored_back_is_the_same_head(model):
    fit = fit_of(model, drawn(model, 1))
    turned = (fit.neutral[mirror(model)] * [-1, 1, 1]).astype(np.float32)
    mirrored = replace(fit, vertex_offsets=turned - fit.neutral)
    apart = shape_of("one", "mirrored", mirrored).offsets - shape_of("one", "", fit).offsets
    assert np.sqrt((apart**2).mean()) < 2e-4  # the mesh is not quite the same on both sides


def test_agreement_tells_people_apart():
    rng = np.random.default_rng(0)
    people = [rng.standard_normal((50, 3)) * 0.003 for _ in range(4)]
    same = [
        Shape(str(number), each + 0.0005 * rng.standard_normal((50, 3))) for number, each in enumerate(people) for _ in "123"
    ]
    found = agreement(same)
    assert found.within == pytest.approx(0.5 * np.sqrt(2 * 3), rel=0.1)
    assert found.between == pytest.approx(3 * np.sqrt(2 * 3), rel=0.2)
    assert found.ratio < 0.25
    assert agreements({"basis": same, "none": []}).keys() == {"basis"}


def test_pictures_of_several_people_are_left_out(model):
    class Crowd:
        class detector:  # noqa: N801  # a stage
            @staticmethod
            def detect(_photo):
                return (None, None)

    made, failed = shapes({"one": [Photo(np.zeros((32, 32, 3), np.float32), "crowd.png")]}, Crowd(), {"basis": None}, True)
    assert made == {"basis": []}
    assert failed == ["crowd.png: 2 faces found; a picture of one person is needed"]


def test_heads_that_were_not_fitted_are_counted(model):
    heads = compared_vertices(Truth(neutral=Neutral(model.name, model.mean + 0.001)), fit_of(model, drawn(model, 2)))
    rows = summary([Result("s", "1", "basis", heads), Result("s", "2", "basis", failed="no face found")])
    assert [(row["heads"], row["fitted"]) for row in rows] == [(2, 1)] * 3
    many = summary([Result("s", str(number), "basis", heads) for number in range(10)])
    assert [row["fitter"] for row in many] == ["mean head", "basis", "half of basis", "basis, centred"]
