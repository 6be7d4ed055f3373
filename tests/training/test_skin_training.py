"""The training of the skin network, on a face that is drawn here."""

from functools import cache

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.segment import skin
from facetex_plugins.segment.skin import SKIN_CROP, SkinSegmenter, crop_matrix
from sampled import face_points
from training.common.data import save_arrays
from training.common.export import load, save
from training.landmarks.labels import apply
from training.skin import data, draw, surroundings, train
from training.skin.augment import examples
from training.skin.canvas import Canvas
from training.skin.data import Settings, faces_to_learn_from, labelled, read_faces
from training.skin.labels import (
    BACKGROUND,
    CROP_IN_WIDE,
    GLASSES,
    HAIR,
    IGNORE,
    NO_SKIN,
    REST,
    SKIN,
    WIDE,
    Labelled,
    Seen,
    skin_label,
    with_surroundings,
)
from training.skin.net import SkinNet, SurroundingsNet
from trainings import SCHEDULE, losses, shipped_settings, short_run

from facetex_core import Face, Photo

COLOURS = {"background": (60, 90, 130), "hair": (40, 30, 25), "face": (205, 160, 135)}


def landmarks() -> np.ndarray:
    """The 68 of an ellipsoid's face in its wide square."""
    points = face_points()[:68, :2] * [1000, -1000]
    matrix = crop_matrix(points.astype(np.float32), CROP_IN_WIDE)
    return (apply(matrix, points) + (WIDE - CROP_IN_WIDE) / 2).astype(np.float32)


def drawn() -> Seen:
    """A head with a hood of hair before a plain wall; the teachers are sure of everything."""
    points = landmarks()
    middle, half = (points.min(0) + points.max(0)) / 2, np.ptp(points, axis=0) / 2
    hair, face = np.zeros((WIDE, WIDE), np.uint8), np.zeros((WIDE, WIDE), np.uint8)
    for mask, grow, up in ((hair, 1.5, 60), (face, 1.15, 20)):
        axes = tuple(int(size) for size in half * grow)
        cv2.ellipse(mask, (int(middle[0]), int(middle[1] - up)), axes, 0, 0, 360, 1, -1)
    hair[int(middle[1]) :] = 0
    hair[face > 0] = 0
    rgb = np.full((WIDE, WIDE, 3), COLOURS["background"], np.uint8)
    rgb[hair > 0], rgb[face > 0] = COLOURS["hair"], COLOURS["face"]
    person = np.maximum(hair, face).astype(np.float32)
    return Seen(rgb, np.zeros((0, 2), np.float32), points, hair.astype(np.float32), person)


@cache
def face() -> Labelled:
    seen = drawn()
    label = with_surroundings(skin_label(seen, "nobody"), seen.hair, seen.person)
    person, hair = ((255 * mask).astype(np.uint8) for mask in (seen.person, seen.hair))
    return Labelled(seen.rgb, label, person, hair, seen.landmarks)


def at(label: np.ndarray, point: np.ndarray) -> int:
    return int(label[int(point[1]), int(point[0])])


def test_a_label_says_what_each_pixel_shows():
    label, points = face().label, landmarks()
    assert at(label, points[30]) == SKIN
    assert at(label, points[36:42].mean(0)) == REST
    assert at(label, points[60:68].mean(0)) == REST
    assert at(label, [WIDE / 2, points[:, 1].min() - 100]) == HAIR
    assert label[5, 5] == BACKGROUND


def test_eyes_behind_glasses_are_not_learned_from():
    label = skin_label(drawn(), GLASSES[0])
    assert at(label, landmarks()[36:48].mean(0)) == IGNORE
    assert at(label, landmarks()[57]) == SKIN


def test_what_teachers_doubt_is_only_known_to_be_no_skin():
    sure, doubt = np.ones((1, 1), np.float32), np.full((1, 1), 0.5, np.float32)
    nothing = np.zeros((1, 1), np.uint8)
    assert with_surroundings(nothing, sure, sure) == HAIR
    assert with_surroundings(nothing, doubt, sure) == NO_SKIN
    assert with_surroundings(nothing, sure, 0 * sure) == NO_SKIN
    assert with_surroundings(nothing + SKIN, sure, sure) == SKIN


@pytest.mark.parametrize("thing", [draw.draw_glasses, draw.draw_hand, draw.draw_hair])
def test_what_is_drawn_over_skin_is_no_skin(thing):
    whole = face()
    canvas = Canvas(whole.rgb.astype(np.float32), whole.label.copy(), whole.landmarks)
    thing(canvas, np.random.default_rng(1))
    changed = canvas.label != whole.label
    assert changed.any()
    assert not (canvas.label[changed] == SKIN).any()
    still = (canvas.rgb == whole.rgb).all(-1)
    assert still[:20].all()
    assert (canvas.label[still] == whole.label[still]).mean() > 0.99


def test_examples_are_pictures_with_labels_and_follow_from_the_seed():
    faces = [data.shrink(face())]
    images, labels = examples(faces, 6, np.random.default_rng(0))
    assert images.shape == (6, 3, SKIN_CROP, SKIN_CROP)
    assert (images.min() >= 0, images.max() <= 1, images.dtype) == (True, True, np.float32)
    assert set(np.unique(labels)) <= {REST, SKIN, HAIR, BACKGROUND, NO_SKIN, IGNORE}
    assert 0.1 < (labels == SKIN).mean() < 0.9
    again = examples(faces, 6, np.random.default_rng(0))
    np.testing.assert_array_equal(images, again[0])


@pytest.fixture
def run(tmp_path):
    """With the files that the labelling writes."""
    settings = Settings(batch=1, train=SCHEDULE, surroundings_batch=1, surroundings=SCHEDULE)
    run = short_run("skin", settings, tmp_path)
    for name in data.FOLDERS:
        for number in range(2 if name == "synthetic" else 1):
            save_arrays(run.of(f"skin/labels/{name}") / f"{number}.npz", vars(face()))
    return run


def answer(run, image):
    session = onnxruntime.InferenceSession(run.work / "skin.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image.numpy()})


def test_twenty_steps_learn_and_are_written(run):
    train.train(run)
    train.export(run)
    first, last = losses(run.work)
    assert last < first
    net, image = SkinNet(), torch.rand(2, 3, SKIN_CROP, SKIN_CROP)
    load(net, run.work / "weights.npz")
    (found,) = answer(run, image)
    with torch.no_grad():
        np.testing.assert_allclose(torch.sigmoid(net.eval()(image)).numpy(), found, atol=1e-4)


@pytest.fixture
def with_skin(run):
    """With an encoder, trained or not."""
    save(SkinNet(), run.work / "weights.npz")
    train.export(run)
    return run


def test_twenty_steps_of_surroundings_leave_the_skin_as_it_was(with_skin, monkeypatch):
    run, image = with_skin, torch.rand(2, 3, SKIN_CROP, SKIN_CROP)
    (alone,) = answer(run, image)
    surroundings.train(run)
    surroundings.export(run)
    first, last = losses(run.work / "surroundings")
    assert last < first
    encoder, net = SkinNet(), SurroundingsNet()
    load(encoder, run.work / "weights.npz")
    load(net, run.work / "surroundings.npz")
    bare, around = answer(run, image)
    np.testing.assert_array_equal(bare, alone)  # to the bit
    with torch.no_grad():
        truth = torch.softmax(net.eval()(*encoder.eval().skips(image)), 1)[:, 1:]
    np.testing.assert_allclose(truth.numpy(), around, atol=1e-4)

    surroundings.export(run)  # another in its place
    np.testing.assert_array_equal(answer(run, image)[1], around)
    monkeypatch.setattr(skin, "model_path", lambda name: run.work / f"{name}.onnx")
    photo = Photo((drawn().rgb / np.float32(255)) ** 2.2, "drawn")
    seen = Face(np.array([0, 0, WIDE, WIDE], np.float32), landmarks(), np.zeros((0, 2), np.float32), 1.0)
    assert SkinSegmenter().segment(photo, seen).skin.shape == (WIDE, WIDE)


def test_a_photo_is_labelled_once(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "FOLDERS", ("extra",))
    settings = Settings(every=5, batch=2, train=SCHEDULE, surroundings_batch=2, surroundings=SCHEDULE)
    run = short_run("skin", settings, tmp_path)
    data.make(run)
    (path,) = labelled(run.work, "extra")
    (found,) = read_faces([path])
    assert found.rgb.shape == (WIDE, WIDE, 3)
    assert at(found.label, found.landmarks[30]) == SKIN
    assert faces_to_learn_from([path])[0].rgb.shape == (448, 448, 3)
    written = path.stat().st_mtime_ns
    data.make(run)
    assert path.stat().st_mtime_ns == written


def test_without_labels_it_says_how_to_make_them(tmp_path):
    with pytest.raises(Exception, match=r"python -m training\.skin labels"):
        labelled(tmp_path, "bank")


def test_the_settings_are_read():
    settings = shipped_settings("skin", Settings)
    assert (settings.train.steps, settings.surroundings.steps) == (1200, 5900)
