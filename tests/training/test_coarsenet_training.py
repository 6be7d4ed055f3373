"""The training of CoarseNet, on a world made up here: heads without hair, photographed skins or panoramas."""

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.fit.feedback.channels import PLANES, feedback, thinned
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, Estimate, crop_camera, seen_as
from training.coarsenet.crops import Heads
from training.coarsenet.data import Settings
from training.coarsenet.eval import report
from training.coarsenet.net import OUTPUTS, CoarseNet, Deployed
from training.coarsenet.train import blank, export, made_task, posed, train, turn
from training.common.data import FILES
from training.common.export import load
from training.common.portraits import basis
from training.surface_points.net import take_surface_net
from training.surface_points.train import blank as blank_body
from training.world.model_truth import Truths, lower, other_side
from training.world.shards import World, write_shard
from training.world.truths import KnownHeads, write_truths
from trainings import SCHEDULE, bare_heads, losses, shipped_settings, short_run

from facetex_core.geometry.camera import project

HEADS = 3


@pytest.fixture
def work(tmp_path):
    """A run on three heads, the first of which is held out."""
    settings = msgspec.structs.replace(shipped_settings("coarsenet", Settings), train=SCHEDULE, batch=2, passes=2, held=1)
    run = short_run("coarsenet", settings, tmp_path)
    folder = run.of("world") / "shards"
    folder.mkdir()
    write_shard(folder / "0000000.h5", bare_heads(HEADS), HEADS)
    write_truths(run)
    return run


def every_head(work) -> Heads:
    model = basis(with_colour=False)
    return Heads(KnownHeads(work.of("world")), model.expression_names, thinned(model).pivot)


def test_twenty_steps_learn_and_are_written(work, capsys):
    train(work)
    first, last = losses(work.work / "train")
    assert last < first
    export(work)
    net, picture = blank(basis(with_colour=False)), torch.rand(2, PLANES, SEEN_SIDE, SEEN_SIDE)
    load(net, work.work / "train/weights.npz")
    path = work.work / "coarsenet.onnx"
    assert path.stat().st_size < 8_000_000
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    written = session.run(list(OUTPUTS), {"picture": picture.numpy()})
    with torch.no_grad():
        for name, mine, theirs in zip(OUTPUTS, Deployed(net).eval()(picture), written, strict=True):
            both = (mine.numpy(), theirs) if name != "deviation" else (np.log(mine.numpy()), np.log(theirs))
            np.testing.assert_allclose(*both, atol=1e-2)  # stored in half precision
    capsys.readouterr()
    report(work)
    told = capsys.readouterr().out
    assert "all: 1 heads" in told
    assert "ms a look" in told


def test_heads_are_written_once_and_files_that_came_later_are_added(work):
    first = work.of("world") / "truths/0000000.npz"
    before = first.stat().st_mtime_ns
    write_shard(work.of("world") / "shards/0000003.h5", bare_heads(HEADS)[:1], 1)
    assert len(every_head(work)) == HEADS
    write_truths(work)
    assert first.stat().st_mtime_ns == before
    assert len(every_head(work)) == HEADS + 1


def test_a_batch_follows_from_the_generator(work):
    task = made_task(work)
    one, again = (task.batch(np.random.default_rng([0, 7])) for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert one["grey"].shape == (2, SEEN_SIDE, SEEN_SIDE)
    assert 0 <= one["grey"].min() < one["grey"].max() <= 1


def test_the_true_estimate_stands_where_the_crop_shows_the_head(work):
    """Also mirrored, laid off and spoiled; what the basis cannot make is a pixel or two."""
    crops, thin, settings = every_head(work), thinned(basis(with_colour=False)), work.settings.degradation
    mirrored = 0
    for seed in (None, *range(8)):
        rng = None if seed is None else np.random.default_rng(seed)
        row = crops.crop(1, rng, settings)
        true = Estimate(row["rotation"], row["rest"], row["identity"], row["expression"])
        seen = feedback(thin, true, row["principal"])
        mirrored += int(np.sign(row["rotation"][0, 2]) != np.sign(crops.crop(1, None, settings)["rotation"][0, 2]))
        assert seen.shape == (6, SEEN_SIDE, SEEN_SIDE)
        assert (seen[:3].sum(0) > 0).mean() > 0.3
    assert mirrored > 0
    row, landmarks = crops.crop(1, None, settings), crops.landmarks(1)
    true = Estimate(row["rotation"], row["rest"], row["identity"], row["expression"])
    model = basis(with_colour=False)
    where, head = model.embedding, model.vertices(true.identity, true.expression)
    points = np.einsum("pc,pcd->pd", where.landmark_barycentric, head[model.mesh.triangles[where.landmark_triangles]])
    off = project(crop_camera(true, thin.pivot, row["principal"]), points.astype(np.float32)) - landmarks
    assert np.linalg.norm(off, axis=1)[17:].mean() < 2.5


def test_a_head_that_is_only_larger_and_turned_is_the_mean_head(work):
    """Its camera sees the same."""
    item, model = dict(bare_heads(HEADS)[0]), basis(with_colour=False)
    tilt = np.array([[1, 0, 0], [0, 0.98, -0.199], [0, 0.199, 0.98]])
    larger = 1.07 * model.mean.astype(np.float64) @ tilt.T + [0.01, -0.02, 0.005]
    item["shape"] = larger - model.mean
    found = Truths(model).of(item)
    np.testing.assert_allclose(found["identity"], 0, atol=0.02)
    pose = item["world_to_camera"].astype(np.float64)
    before = larger @ pose[:3, :3].T + pose[:3, 3]
    after = model.mean @ found["rotation"].T + found["translation"]
    np.testing.assert_allclose(after[:, :2] / after[:, 2:], before[:, :2] / before[:, 2:], atol=2e-3)


def test_a_mirrored_head_has_the_mirrored_coefficients(work):
    crops, model = every_head(work), basis(with_colour=False)
    row = crops.known.row(1)
    truths = Truths(model)
    here, there = (np.tensordot(row[name], model.identity, 1) for name in ("identity", "mirrored"))
    assert truths.weights @ ((here[truths.flip] * [-1, 1, 1] - there) ** 2).sum(1) < 0.0005**2
    swap = other_side(model.expression_names)
    names = np.array(model.expression_names)
    assert set(names[swap]) == set(names)
    assert names[swap[list(names).index("mouthSmileLeft")]] == "mouthSmileRight"
    assert names[swap[list(names).index("jawLeft")]] == "jawRight"


def test_the_loss_is_in_millimetres_of_the_head(work):
    model, rng = basis(with_colour=False), np.random.default_rng(0)
    coefficients = rng.normal(size=80 + 51).astype(np.float32)
    moved = np.tensordot(coefficients, np.concatenate([model.identity, model.expression]), 1)
    wanted = 1000 * np.sqrt(Truths(model).weights @ (moved.astype(np.float64) ** 2).sum(1))
    np.testing.assert_allclose(np.linalg.norm(coefficients @ lower(model)), wanted, rtol=1e-3)


def test_turns_and_places_are_those_of_the_camera():
    from scipy.spatial.transform import Rotation

    axis = np.random.default_rng(0).normal(size=(4, 3))
    made = turn(torch.from_numpy(axis)).numpy()
    np.testing.assert_allclose(made, Rotation.from_rotvec(axis).as_matrix(), atol=1e-5)
    rotation = made[0].astype(np.float64)
    intrinsics = np.array([[250.0, 0, 40], [0, 250, 60], [0, 0, 1]])
    seen, rest = seen_as(rotation, np.array([0.1, -0.05, 0.8]), intrinsics)
    camera = crop_camera(
        Estimate(seen, rest, np.zeros(1, np.float32), np.zeros(1, np.float32)), np.zeros(3), np.array([40, 60]) / SEEN_SIDE
    )
    np.testing.assert_allclose(camera.world_to_camera[:3, :3], rotation, atol=1e-6)
    np.testing.assert_allclose(camera.world_to_camera[:3, 3], [0.1, -0.05, 0.8], atol=1e-6)
    np.testing.assert_allclose(camera.intrinsics, intrinsics, rtol=1e-6)
    place = posed(torch.zeros(1, 3), turn(torch.zeros(1, 3)), torch.from_numpy(rest[None]))
    np.testing.assert_allclose(place[0, 0, :2], rest[1:3], atol=1e-6)


def test_the_world_that_is_missing_is_named_with_its_command(tmp_path):
    run = short_run("coarsenet", shipped_settings("coarsenet", Settings), tmp_path)
    with pytest.raises(Exception, match=r"python -m training\.world render"):
        write_truths(run)
    (run.of("world") / "shards").mkdir()
    with pytest.raises(Exception, match=r"python -m training\.world truths"):
        train(run)


def test_a_world_without_numbers_is_named_with_its_command(work):
    for path in (work.of("world") / "truths").glob("*.npz"):
        path.unlink()
    assert len(World(work.of("world") / "shards")) == HEADS
    with pytest.raises(Exception, match=r"python -m training\.world truths"):
        train(work)


def test_it_begins_as_the_network_of_surface_points_of_a_grey_photo(work):
    """Whatever is fed back."""
    task, body = made_task(work), take_surface_net(blank_body(), FILES / "surface_points.onnx")
    grey = task.held_out(1)["grey"]
    with torch.no_grad():
        wanted = body(grey[:, None].expand(1, 3, -1, -1) - 0.5)[2][0]
        (picture,) = task.looks(net := CoarseNet(body, len(task.model.expression)).eval(), task.held_out(1), 1)
        told = [net(torch.cat([picture[:, :1], share * picture[:, 1:]], 1))["identity"] for share in (0, 1)]
    np.testing.assert_allclose(told[0], wanted, atol=1e-4)
    np.testing.assert_allclose(told[1], wanted, atol=1e-4)
