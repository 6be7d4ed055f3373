"""The training of the face finder."""

import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.detect.alignment import image_pyramid
from facetex_plugins.detect.networks import peaks
from made_faces import points_in, write_caches, write_canonical, write_mined
from scipy.spatial.transform import Rotation
from training.common.blocks import fold
from training.common.data import FILES
from training.common.export import load, take
from training.common.loop import Schedule
from training.faces.data import Settings, read_pictures
from training.faces.eval import Proposals, seen_from_the_side, yaw_of
from training.faces.net import STRIDE, UNIT, Deployed, FaceNet
from training.faces.pictures import CELLS, SIZE, hidden, square_of, targets
from training.faces.train import export, refine, train
from training.landmarks.detector import Finder
from training.landmarks.labels import Square
from training.landmarks.sources import share_shown
from training.world.shards import World, write_shard
from training.world.truths import KnownHeads, write_truths
from trainings import SCHEDULE, bare_heads, losses, shipped_settings, short_run

from facetex_core import Face


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A run on made-up pictures."""
    write_canonical(tmp_path / "data", monkeypatch)
    run = short_run("faces", Settings(train=SCHEDULE, refine=Schedule(steps=2, rate=1e-4), batch=4), tmp_path)
    write_caches(run.of("landmarks"), np.random.default_rng(0))
    write_mined(run.work, np.random.default_rng(1))
    shards = run.of("world") / "shards"
    shards.mkdir()
    write_shard(shards / "0000000.h5", bare_heads(2), 2)
    write_truths(run)
    return run


def test_twenty_steps_learn_and_are_written(work):
    train(work)
    first, last = losses(work.work / "train")
    assert last < first
    refine(work)
    export(work)
    net, picture = FaceNet(), torch.rand(1, 3, 96, 160)
    load(net, work.work / "refine/weights.npz")
    session = onnxruntime.InferenceSession(work.work / "faces.onnx", providers=["CPUExecutionProvider"])
    written = session.run(["heat", "geometry"], {"picture": picture.numpy()})
    with torch.no_grad():
        for mine, theirs in zip(Deployed(net).eval()(picture), written, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, rtol=2e-3, atol=2e-3)  # stored in half precision
    assert isinstance(Finder(work.work / "faces.onnx").propose(image_pyramid(np.full((80, 60, 3), 0.5, np.float32))), list)


def test_without_a_training_the_file_that_ships_is_refined(work):
    refine(work)
    session = onnxruntime.InferenceSession(FILES / "faces.onnx", providers=["CPUExecutionProvider"])
    net, picture = FaceNet(), torch.rand(1, 3, 96, 160)
    fold(net)
    take(net, FILES / "faces.onnx")
    with torch.no_grad():
        heat = Deployed(net)(picture)[0]
    np.testing.assert_allclose(heat, session.run(["heat"], {"picture": picture.numpy()})[0], atol=1e-4)
    assert (work.work / "refine/faces.onnx").exists()


def test_a_batch_follows_from_the_generator(work):
    pictures = read_pictures(work, np.load(work.work / "mined.npy"))
    one, again = (pictures.batch(12, np.random.default_rng([0, 7])) for _ in range(2))
    assert all(torch.equal(*parts) for parts in zip(one, again, strict=True))
    maps = (CELLS, CELLS)
    assert [tuple(part.shape) for part in one] == [(12, 3, SIZE, SIZE), (12, *maps), (12, *maps), (12, 6, *maps)]


def test_the_detector_reads_the_faces_out_of_the_targets():
    faces = [Square(np.array([50.0, 61.0]), 40.0, 0.3), Square(np.array([120.0, 100.0]), 70.0, -0.1)]
    heat, weight, geometry = targets(faces)
    assert weight.min() == 1
    pixels = np.concatenate([geometry[:2] * STRIDE, UNIT * np.exp(geometry[2:3]), geometry[3:5]])
    seen = sorted(peaks(heat, pixels), key=lambda square: square.side)
    assert len(seen) == 2
    for square, face in zip(seen, faces, strict=True):
        np.testing.assert_allclose(square.centre, face.centre, atol=1e-3)
        np.testing.assert_allclose([square.side, square.roll], [face.side, face.roll], rtol=1e-4)


@pytest.mark.parametrize(("side", "unsure"), [(18.0, True), (180.0, True), (10.0, False)])
def test_faces_of_other_sizes_are_no_targets(side, unsure):
    heat, weight, geometry = targets([Square(np.array([80.0, 80.0]), side, 0.0)])
    assert heat.max() == geometry.max() == 0
    assert (weight.min() == 0) == unsure


def test_a_mirrored_face_has_the_same_square():
    points = points_in(100, np.random.default_rng(0))
    square, other = square_of(points), square_of(points * [-1, 1] + [100, 0])
    np.testing.assert_allclose(other.centre, [100 - square.centre[0], square.centre[1]], atol=1e-4)
    np.testing.assert_allclose([other.side, other.roll], [square.side, -square.roll], atol=1e-4)


def test_how_much_of_a_face_is_hidden():
    cover = np.zeros((SIZE, SIZE), np.uint8)
    cover[:, 80:] = 255
    assert hidden(Square(np.array([80.0, 80.0]), 40.0, 0.0), cover) == pytest.approx(0.5)
    assert hidden(Square(np.array([500.0, 80.0]), 40.0, 0.0), cover) == 1


def test_proposals_are_counted():
    face, seen = Square(np.array([50.0, 50.0]), 40.0, 0.0), Proposals()
    seen.add([Square(np.array([52.0, 50.0]), 44.0, 0.1, 0.8), Square(np.array([150.0, 50.0]), 30.0, 0.0, 0.9)], face)
    seen.add([], face)
    assert seen.line().split() == ["1/2", "0.80", "5.0", "10.0", "5.7", "0.50"]
    assert Proposals(photos=1).line().startswith("0/1")


class Knowing:
    """Finds the first head, and of the second another thing."""

    def __init__(self, heads):
        self.points = iter([heads.row(0)["places"], heads.row(1)["places"] + 500])

    def detect(self, _):
        place = next(self.points).astype(np.float32)
        return (Face(np.zeros(4, np.float32), place[468:536], place[:468], 1.0),)


def test_heads_are_counted_by_their_yaw(work):
    world = work.of("world")
    lines = seen_from_the_side(Knowing(KnownHeads(world)), world, 0)
    counts = [line.split()[-2:] for line in lines]
    assert sum(int(found.split("/")[0]) for found, _ in counts) == 1
    assert sum(int(found.split("/")[1]) for found, _ in counts) == 2
    assert sum(int(false) for _, false in counts) == 1
    assert not any("covered" in line for line in lines)
    assert seen_from_the_side(Knowing(KnownHeads(world)), world, 2) == []


def test_how_much_of_a_face_is_shown(work):
    item = World(work.of("world") / "shards")[0]
    assert share_shown(item) == pytest.approx(1, abs=0.05)  # lashes
    half = np.zeros_like(item["cover"])
    half[:, half.shape[1] // 2 :] = 255
    assert 0.2 < share_shown(item | {"cover": half}) < 0.8
    assert share_shown(item | {"cover": np.full_like(half, 255)}) == 0


@pytest.mark.parametrize("yaw", [0.0, 40.0, 70.0])
def test_the_yaw_of_a_head(yaw):
    ahead = np.diag([1.0, -1.0, -1.0])
    for turn in (yaw, -yaw):
        rotation = ahead @ Rotation.from_euler("zxy", [20, 0, turn], degrees=True).as_matrix()
        assert yaw_of(rotation) == pytest.approx(yaw, abs=10)


def test_the_settings_are_read():
    assert shipped_settings("faces", Settings).train.steps == 4500
