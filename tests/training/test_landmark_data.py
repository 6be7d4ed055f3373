"""What makes the pictures that the landmark net learns from, and what measures it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_faces import points_in, write_canonical
from training.common.making import spread, stacked
from training.landmarks import backgrounds, labels
from training.landmarks.augment import degrade, halves, project, shuffle, warp_levels
from training.landmarks.changes import CHANGES
from training.landmarks.data import Mining, read_rows
from training.landmarks.eval import Tally
from training.landmarks.heads import on_skin, sampler, views
from training.landmarks.labels import Square, apply, eye_distance, face_square, invert, label_photo, photographs
from training.landmarks.mine import Miner, beside, write_mined
from training.landmarks.morphs import Portrait, bend, between
from training.landmarks.sampler import TEXELS, embedded
from training.landmarks.turned import LEAST, MOST, SIZE, TurnedPortrait, own_yaw, rotation, turned

from facetex_core import Face

PHOTO = 128


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def portrait(rng):
    """A smooth picture with 468 + 68 points on a bowl of a face, all of it a person."""
    points = points_in(PHOTO, rng)
    depth = ((points[:468] - PHOTO / 2) ** 2).sum(1) / PHOTO
    rgb = cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (PHOTO, PHOTO), interpolation=cv2.INTER_CUBIC)
    mask = np.full((PHOTO, PHOTO), 255, np.uint8)
    return {"rgb": rgb, "mask": mask, "dense": np.column_stack([points[:468], depth]), "mixed": points[468:]}


def colours(picture, points):
    """Read between the pixels; x and y from the corner."""
    x, y = (points - 0.5).astype(np.float32).T
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR)[:, 0].astype(float)


def test_crops_lead_back(rng):
    matrix = Square(np.array([30.0, 50.0]), 40.0, 0.4).matrix(112)
    points = rng.uniform(0, 100, (5, 2))
    np.testing.assert_allclose(apply(invert(matrix), apply(matrix, points)), points, atol=1e-4)
    np.testing.assert_allclose(apply(matrix, np.array([[30.0, 50.0]])), [[56, 56]], atol=1e-4)


def test_the_face_square_turns_with_the_face(rng):
    points = points_in(100, rng)
    turn = Square(np.array([50.0, 50.0]), 100.0, -0.3).matrix(100)
    square, other = face_square(points), face_square(apply(turn, points))
    assert other.roll - square.roll == pytest.approx(0.3, abs=1e-5)
    assert other.side == pytest.approx(square.side, rel=1e-4)


def test_mirroring_twice_changes_nothing(tmp_path, monkeypatch):
    write_canonical(tmp_path, monkeypatch)
    flip = labels.flip_indices()
    assert (flip[flip] == np.arange(536)).all()
    assert flip[468 + 36] == 468 + 45


def test_labels_lie_on_the_photo(shared):
    row = label_photo(photographs("extra")[0])
    assert row["rgb"].shape == (labels.PHOTO_SIZE, labels.PHOTO_SIZE, 3)
    assert (row["mask"][tuple(row["mixed"][:, ::-1].astype(int).T)] > 128).mean() > 0.9
    again = np.linalg.norm(row["mixed"] - row["dense"][labels.DENSE_OF_68, :2], axis=1)
    assert again.max() < 0.2 * eye_distance(row["dense"])


def test_a_turned_head_is_known_as_turned(tmp_path, monkeypatch):
    canonical = write_canonical(tmp_path, monkeypatch) * [1, -1, -1]
    for yaw in (-0.7, 0.0, 0.4):
        assert own_yaw(canonical @ rotation(yaw, 0.0).T * 3 + 20) == pytest.approx(yaw)


def test_a_portrait_from_ahead_is_the_portrait(portrait):
    row = TurnedPortrait(**portrait).render(0.0, 0.0, 1e4)
    there, here = row["points"][:468], portrait["dense"][:, :2]
    assert (row["rgba"][SIZE // 2, SIZE // 2] != 0).any()
    assert np.abs(colours(row["rgba"][..., :3], there) - colours(portrait["rgb"], here)).mean() < 2
    assert row["eyes"] == pytest.approx(np.linalg.norm(there[33] - there[263]), rel=0.05)


def test_every_part_of_the_range_of_yaws_has_a_picture(portrait, tmp_path, monkeypatch):
    write_canonical(tmp_path, monkeypatch)
    rows, again = turned((3, portrait), 2), turned((3, portrait), 2)
    yaws = np.degrees([abs(row["yaw"]) for row in rows])
    assert LEAST < yaws[0] < (LEAST + MOST) / 2 < yaws[1] < MOST
    assert all((one["rgba"] == other["rgba"]).all() for one, other in zip(rows, again, strict=True))


def test_a_bent_portrait_has_its_points_at_the_targets(portrait, rng):
    start = Portrait(portrait["rgb"], portrait["mask"], portrait["dense"][:, :2])
    target = start.dense + np.array([3.0, -2.0])
    bent = bend(start, target)
    assert np.abs(colours(bent.rgb, target) - colours(start.rgb, start.dense)).mean() < 6
    for seed in range(4):
        face = between(start, replace(start, rgb=255 - start.rgb), np.random.default_rng(seed))
        assert face.rgb.shape == start.rgb.shape


def test_points_of_a_sampled_head_lie_on_it(tmp_path):
    np.savez(tmp_path / "one.npz", rgb=np.full((TEXELS, TEXELS, 3), 0.3, np.float16), visibility=np.ones((TEXELS, TEXELS)))
    model = sampler(tmp_path).model
    assert on_skin(model, embedded(model, model.embedding, model.mean)).dense_triangles.shape == (468,)
    rows = views((0, 1), tmp_path, model.embedding, 2)
    for row in rows:
        x, y = row["points"][68:468].astype(int).T
        assert (row["rgba"][y, x, 3] == 255).mean() > 0.95
    assert abs(rows[0]["yaw"]) < np.radians(MOST / 2) < abs(rows[1]["yaw"]) < np.radians(MOST)


def test_a_picture_goes_where_its_points_go(rng):
    picture = np.zeros((128, 128, 3), np.uint8)
    cv2.circle(picture, (40, 70), 6, (255, 255, 255), -1)
    matrix = np.array([[0.4, 0.1, 9], [-0.1, 0.4, 20], [0, 0, 1]])
    small = warp_levels(halves(picture, 3), matrix, 64).astype(float)[..., 0]
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    middle = [(columns * small).sum() / small.sum(), (rows * small).sum() / small.sum()]
    np.testing.assert_allclose(middle, project(matrix, np.array([[40.5, 70.5]]))[0], atol=0.3)


def test_shuffled_tiles_are_the_same_tiles(rng):
    image = rng.integers(0, 256, (50, 41, 3), np.uint8)
    shuffled = shuffle(image, 4, rng)
    assert (shuffled != image).any()
    assert (np.sort(shuffled, axis=None) == np.sort(image, axis=None)).all()
    assert (shuffled[48:] == image[48:]).all()


def test_a_degraded_picture_keeps_its_form(rng):
    image = rng.integers(0, 256, (112, 112, 3), np.uint8)
    for seed in range(20):
        assert degrade(image, np.random.default_rng(seed), 80).shape == image.shape


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_photo_keeps_its_points(name, portrait):
    points = np.concatenate([portrait["dense"][:, :2], portrait["mixed"]])
    rgb, moved = CHANGES[name](portrait["rgb"], points)
    square, other = face_square(points), face_square(moved)
    assert other.side == pytest.approx(float(name.split()[2]) if name.startswith("face of") else square.side, rel=0.05)
    assert rgb.dtype == np.uint8


def test_drawn_backgrounds(rng, monkeypatch):
    monkeypatch.setattr(backgrounds, "DRAWN", 2)
    assert [picture.shape for picture in backgrounds.drawn(rng)] == [(256, 256, 3)] * 2
    assert {picture.ndim for picture in backgrounds.shipped()} == {3}


def test_rows_come_back_from_a_file(tmp_path):
    rows = [{"a": np.arange(3) + number, "name": np.array(f"n{10**number}")} for number in range(2)]
    np.savez(tmp_path / "rows.npz", **stacked(rows))
    assert [(row["a"].tolist(), str(row["name"])) for row in read_rows(tmp_path / "rows.npz")] == [
        ([0, 1, 2], "n1"),
        ([1, 2, 3], "n10"),
    ]


def test_processes_keep_the_order():
    assert list(spread(abs, [-3, 2, -1], 1, "one")) == list(spread(abs, [-3, 2, -1], 2, "two")) == [3, 2, 1]


class Detector:
    """Sees one place, or one face."""

    def __init__(self, square=None, faces=()):
        self.square, self.faces = square, faces
        self.finder = self.points = self

    def propose(self, _views):
        return [self.square]

    def measure(self, _views, _square):
        return Face(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), np.zeros((468, 2), np.float32), 0.3)

    def detect(self, _photo):
        return self.faces


def test_only_what_is_no_face_is_mined(tmp_path, rng):
    face, ear = Square(np.array([160.0, 160.0]), 100.0, 0.0), Square(np.array([230.0, 160.0]), 20.0, 0.0)
    image = rng.integers(0, 256, (320, 320, 3), np.uint8)
    assert beside(ear, face)
    assert not beside(face, face)
    for square, least, count in ((face, 0.05, 0), (ear, 0.05, 1), (ear, 0.4, 0)):
        assert len(Miner(([], [], None), Detector(square)).crops(image, face, least)) == count


def test_a_face_without_false_ones_leaves_an_empty_file(tmp_path):
    class Clean(Miner):
        def mined(self, _mining):
            return [], []

    write_mined(Clean(([], [], None), Detector()), Mining(), tmp_path / "mined.npy")
    assert np.load(tmp_path / "mined.npy").shape == (0, 112, 112, 3)


def test_the_table_counts_errors_and_false_faces(portrait):
    points = np.concatenate([portrait["dense"][:, :2], portrait["mixed"]])
    moved = np.float32(points + np.array([0.01 * eye_distance(points), 0]))
    face = Face(np.zeros(4, np.float32), moved[468:], moved[:468], 0.9)
    other = Face(np.zeros(4, np.float32), moved[468:] + 90, moved[:468] + 90, 0.9)
    tally = Tally()
    tally.add(Detector(faces=(other, face)), portrait["rgb"], points, 2 * eye_distance(points))
    tally.add(Detector(), portrait["rgb"], points, 1.0)
    words = tally.line().split()
    assert words[:8] == ["1.00", "1.00", "1.00", "1.00", "1.00", "1.00", "1/2", "1"]
    assert words[-1] == "0.50"
    empty = Tally()
    empty.add(Detector(), portrait["rgb"], points, None)
    assert empty.line().split()[:7] == ["-"] * 6 + ["0/1"]
