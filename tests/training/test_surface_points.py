"""The training of the network of surface points, on heads made up here and photographs of nothing."""

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from training.common.data import FILES, save_arrays
from training.common.export import load
from training.common.portraits import basis
from training.landmarks.augment import project
from training.landmarks.net import CROP
from training.surface_points.data import Settings, unbiased
from training.surface_points.net import OUTPUTS, Deployed, SurfaceNet, take_landmark_net
from training.surface_points.train import (
    Task,
    blank,
    crops_of,
    export,
    matrix_to,
    mirror_of_identity,
    refine,
    shape_basis,
    train,
)
from training.world.places import KNOWN, places
from training.world.shards import write_shard
from training.world.truths import KnownHeads, write_truths
from trainings import SCHEDULE, bare_heads, losses, shipped_settings, short_run

from facetex_core.imaging.face_square import square_of

HEADS, SIDE = 4, 384


@pytest.fixture
def work(tmp_path):
    """A run on four heads, one of them held out, and on two photographs."""
    settings = msgspec.structs.replace(
        shipped_settings("surface_points", Settings), train=SCHEDULE, refine=SCHEDULE, heads=3, photos=1, held_out=1
    )
    run = short_run("surface_points", settings, tmp_path)
    folder = run.of("world") / "shards"
    folder.mkdir()
    write_shard(folder / "0000000.h5", bare_heads(HEADS), HEADS)
    write_truths(run)
    rng = np.random.default_rng(0)
    points = KnownHeads(run.of("world")).numbers["places"][:2, :KNOWN] * (SIDE / 96)
    rgb = rng.integers(0, 255, (2, SIDE, SIDE, 3), np.uint8)
    save_arrays(run.work / "photos.npz", {"rgb": rgb, "points": points.astype(np.float32)})
    none = {"middle": np.zeros(2 * KNOWN), "axes": np.zeros((1, 2 * KNOWN)), "solved": np.zeros((2, 2 * KNOWN))}
    save_arrays(run.work / "bias.npz", none)
    return run


def test_twenty_steps_learn_and_are_written(work):
    train(work)
    first, last = losses(work.work / "train")
    assert last < first
    refine(work)
    export(work)
    net, crop = blank(), torch.rand(2, 3, CROP, CROP)
    load(net, work.work / "refine/weights.npz")
    path = work.work / "surface_points.onnx"
    assert path.stat().st_size < 8_000_000
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    told = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"crop": crop.numpy()}), strict=True))
    with torch.no_grad():
        mine = Deployed(net, places(), mirror_of_identity()).eval()(crop)
    for name, here in zip(OUTPUTS, mine, strict=True):
        both = (np.log(here.numpy()), np.log(told[name])) if name.endswith("deviations") else (here.numpy(), told[name])
        np.testing.assert_allclose(*both, atol=2e-3 if name == "points" else 2e-2)  # stored in half precision
    assert told["points"].shape == (2, len(places().mirror), 2)
    assert (told["deviations"] > 0).all()


def test_it_begins_as_the_landmark_net_that_ships(work):
    """On a crop, the first 536 places are those of landmarks.onnx: nothing of it is lost."""
    crops = crops_of(work)
    net = SurfaceNet(*shape_basis(crops, 210), len(basis(with_colour=True).identity))
    net = take_landmark_net(net, FILES / "landmarks.onnx").eval()
    crop = torch.rand(1, 3, CROP, CROP)
    with torch.no_grad():
        first = net(crop - 0.5)[0][0][:, :KNOWN]
        mirrored = net(crop.flip(3) - 0.5)[0][0][:, :KNOWN][:, torch.from_numpy(places().mirror[:KNOWN]).long()]
    both = (first + torch.stack([1 - mirrored[..., 0], mirrored[..., 1]], 2)) / 2
    session = onnxruntime.InferenceSession(FILES / "landmarks.onnx", providers=["CPUExecutionProvider"])
    dense, landmarks, _ = session.run(None, {"crop": crop.numpy()})
    np.testing.assert_allclose(both[0].numpy(), np.concatenate([dense[0], landmarks[0]]), atol=2e-3)


def test_places_come_in_pairs_and_cover_the_head():
    own, model = places(), basis(with_colour=True)
    at = own.of(model.mean, model)
    np.testing.assert_array_equal(own.mirror[own.mirror], np.arange(len(at)))
    np.testing.assert_allclose(at[own.mirror], at * [-1, 1, 1], atol=0.003)
    ears = [(model.regions[name][model.mesh.triangles[own.triangles[KNOWN:]]].max(1) > 0.5).sum() for name in ("ears", "scalp")]
    assert min(ears) >= 20
    iris = at[-10:]
    assert np.ptp(iris[::2, 0]) == pytest.approx(0.0118, abs=0.003)


def test_places_of_a_picture_are_the_worlds_own_points(work):
    heads = KnownHeads(work.of("world"))
    for number in range(HEADS):
        points = heads.row(number)["places"]
        stored = bare_heads(HEADS)[number]["points"]
        np.testing.assert_allclose(points[LANDMARKS_68], stored[:68], atol=0.05)
        np.testing.assert_allclose(points[:468], stored[68:], atol=0.05)


def test_the_versions_of_a_photograph_show_the_same_places(work):
    """Mapped back, and mirrored back, both versions name one place: what the network is told to agree about."""
    crops = crops_of(work)
    for seed in range(4):
        batch = crops.batch(1, 1, np.random.default_rng(seed))
        task, known = Task(crops, work.settings), torch.zeros(2, len(places().mirror), 2)
        known[:, :KNOWN] = batch["known"]
        flipped = torch.where(batch["mirrored"][:, None, None], known[:, task.flip], known)[:, :KNOWN]
        whole = torch.cat([flipped, torch.ones_like(flipped[..., :1])], 2) @ batch["back"].transpose(1, 2)
        back = whole[..., :2] / whole[..., 2:]
        np.testing.assert_allclose(back[0].numpy(), back[1].numpy(), atol=0.05)


def test_a_crop_is_laid_about_the_face():
    points = np.random.default_rng(0).uniform(40, 60, (len(places().mirror), 2))
    matrix, _ = matrix_to(points, np.random.default_rng(1))
    assert square_of(points[LANDMARKS_68]).side > 20
    inside = project(matrix, points)
    assert (inside > 0).all()
    assert (inside < CROP).all()


def test_a_known_bias_is_taken_out(tmp_path):
    rng = np.random.default_rng(0)
    points = rng.uniform(100, 200, (KNOWN, 2))
    shift = {"middle": np.zeros(2 * KNOWN), "axes": np.zeros((1, 2 * KNOWN))}
    moved = np.zeros((2, 2 * KNOWN))
    moved[0, ::2] = 0.1
    np.savez(tmp_path / "bias.npz", **shift, solved=moved)
    found = unbiased(points, tmp_path / "bias.npz")
    away = np.linalg.norm(found - points, axis=1)
    np.testing.assert_allclose(away, away[0], rtol=1e-6)
    assert away[0] > 5
