"""FineNet's training: heights and normals in closed form, light and albedo by least squares, twenty steps."""

import dataclasses

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.detail.finenet import height
from facetex_plugins.fit.feedback.channels import thinned
from facetex_plugins.fit.feedback.estimate import SEEN_SIDE, answered, crop_camera
from training.coarsenet.train import blank as blank_coarse
from training.coarsenet.train import taken
from training.common.data import FILES, save_arrays
from training.common.export import load, save
from training.common.loop import Schedule
from training.common.making import stacked
from training.common.portraits import basis
from training.finenet.crops import MODES, Crops, head_crops, laid, portrait_crop, tones
from training.finenet.data import FIELDS, crops
from training.finenet.eval import report, smooth
from training.finenet.net import PLANES, SEEN
from training.finenet.settings import Settings
from training.finenet.surfaces import laplacian, normals, shading
from training.finenet.together import BATCH, Heads, Pair, PairTask, crop_cameras, together
from training.finenet.train import blank, export, levelled, refine, tensors, train, unlit
from training.world.shards import World, write_shard
from trainings import SCHEDULE, bare_heads, losses, shipped_settings, short_run

from facetex_core.io.photo_file import example_photo

HEADS, SIDE = 5, 64
TWO = Schedule(steps=2, rate=1e-4)


@pytest.fixture
def work(tmp_path):
    """A run on three heads, the first of which is held out."""
    settings = msgspec.structs.replace(
        shipped_settings("finenet", Settings), train=SCHEDULE, refine=SCHEDULE, together=TWO, batch=2, portraits=1, held=1
    )
    run = short_run("finenet", settings, tmp_path)
    folder = run.work / "shards"
    folder.mkdir()
    write_shard(folder / "0000000.h5", bare_heads(HEADS), HEADS)
    return run


def bowl() -> torch.Tensor:
    """A sphere of radius 50 seen from ahead."""
    y, x = torch.meshgrid(torch.arange(SIDE) - SIDE / 2, torch.arange(SIDE) - SIDE / 2, indexing="ij")
    return (50.0**2 - x**2 - y**2).sqrt()[None]


def test_normals_of_a_sphere():
    y, x = torch.meshgrid(torch.arange(SIDE) - SIDE / 2, torch.arange(SIDE) - SIDE / 2, indexing="ij")
    true = torch.stack([x, y, bowl()[0]]) / 50
    inner = slice(6, -6)
    np.testing.assert_allclose(normals(bowl())[0][:, inner, inner], true[:, inner, inner], atol=2e-3)


def test_a_plane_does_not_bend_and_a_paraboloid_bends_everywhere_alike():
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    inner = slice(1, -1)
    np.testing.assert_allclose(laplacian((2 * x - y)[None])[0, inner, inner], 0, atol=1e-5)
    np.testing.assert_allclose(laplacian((x**2 + 2 * y**2)[None])[0, inner, inner], 6, atol=1e-4)


def test_light_and_albedo_of_a_lit_sphere_are_found():
    """By the true normals the shading is the photo: two albedo modes under a light of four numbers."""
    way = normals(bowl())
    light = torch.tensor([0.5, 0.1, -0.15, 0.3])
    spots = torch.from_numpy(np.random.default_rng(0).random((1, SIDE, SIDE), np.float32))
    lit = torch.einsum("k,bkyx->byx", light, torch.cat([torch.ones_like(way[:, :1]), way], 1))
    albedo = torch.stack([torch.ones_like(spots), spots - 0.5], 1)
    photo = (albedo[:, 0] + 0.2 * albedo[:, 1]) * lit
    found = shading(photo, bowl(), bowl(), albedo, torch.ones_like(photo))
    assert (found - photo).abs().mean() < 0.003
    flat = shading(photo, 0 * bowl(), bowl(), albedo, torch.ones_like(photo))
    assert (flat - photo).abs().mean() > 0.05


def test_a_picture_without_skin_has_no_light_and_no_error():
    nothing = torch.zeros_like(bowl())
    assert shading(bowl(), bowl(), bowl(), torch.ones_like(bowl())[:, None], nothing).abs().max() == 0


def portrait():
    """The photo that ships, as the portraits are learned from."""
    found = laid(example_photo())
    assert found is not None
    return portrait_crop(found)


def test_crops_hold_the_true_head_and_the_fitted_one(work):
    """In pixels of the crop, a few apart."""
    world = World(work.work / "shards", FIELDS)
    rows = [row for number in range(HEADS) for row in head_crops(world[number], 2)]
    assert len(rows) == 2 * HEADS
    for crop in rows:
        mask = crop["mask"] > 0
        assert 0.1 < mask.mean() < crop["there"].mean()
        apart = (crop["true"] - crop["coarse"])[mask]
        assert 0.2 < np.std(apart) < 0.15 * np.ptp(crop["true"][mask])
        assert np.corrcoef(crop["true"][mask], crop["coarse"][mask])[0, 1] > 0.8


def test_a_picture_without_a_face_has_no_crops(work):
    item = World(work.work / "shards", FIELDS)[0]
    assert head_crops(item | {"picture": np.full_like(item["picture"], 90)}, 2) == []


def test_the_tones_of_a_portrait_are_those_of_its_skin():
    """The mean albedo is that of the place: lips are darker than cheeks; the modes change it."""
    assert tones().shape[2] == 1 + MODES
    shown = portrait()
    uv, mask = shown["uv"].astype(np.float32)[shown["mask"] > 0], tones()[..., 0]
    values = mask[(uv[:, 1] * len(mask)).astype(int), (uv[:, 0] * len(mask)).astype(int)]
    assert 0.05 < values.min() < 0.7 * values.max() < 0.7


def test_nearer_is_higher():
    mask = np.ones((4, 4), np.float32)
    depth = np.full((4, 4), 1.0, np.float32)
    depth[0] = 0.9
    found = height(depth, mask, 100.0)
    assert found[0, 0] > found[1, 0]
    assert found[0, 0] - found[1, 0] == pytest.approx(0.1 * 100 / 0.975, rel=1e-3)


def test_what_is_as_fine_as_pixels_is_smoothed_away_and_slopes_stay():
    y, x = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    checks, slope = (2.0 * ((x + y) % 2) - 1)[None], 0.3 * x.float()[None]
    assert smooth(checks)[0, 8:-8, 8:-8].abs().max() < 0.02
    np.testing.assert_allclose(smooth(slope)[0, 8:-8, 8:-8], slope[0, 8:-8, 8:-8], atol=1e-4)


def test_windows_are_parts_of_the_crops_that_were_written(work):
    crops(work)
    made = Crops.of_heads(work.work / "crops", work.settings)
    assert (len(made), made.held) == (2 * HEADS, 2)
    rows, side = made.batch(4, np.random.default_rng(0)), work.settings.window
    assert {name: value.shape for name, value in rows.items() if name != "tones"} == dict.fromkeys(
        ("coarse", "there", "mask", "true", "grey", "light"), (4, side, side)
    )
    assert rows["tones"].shape == (4, 1 + MODES, side, side)
    heights = [round(float(value), 4) for value in rows["true"][0][rows["mask"][0] > 0]]
    assert any(set(heights) <= {round(float(value), 4) for value in whole.ravel()} for whole in made.rows["true"][2:])


def test_crops_that_are_missing_are_named_with_their_command(work):
    with pytest.raises(Exception, match=r"python -m training\.finenet crops"):
        train(work)


def test_by_the_right_depth_a_picture_is_its_shading(work):
    """Less is left of a portrait by the fitted head than by a plane."""
    save_arrays(work.work / "portraits.npz", stacked([portrait()]))
    one = tensors(Crops([work.work / "portraits.npz"], work.settings).whole(np.array([0])))
    flat = torch.zeros_like(one["coarse"])
    assert unlit(one, one["coarse"])[0] < 0.8 * unlit(one | {"coarse": flat}, flat)[0]


def test_twenty_steps_learn_and_are_written(work, capsys):
    crops(work)
    for file in ("portraits.npz", "unseen.npz"):
        save_arrays(work.work / file, stacked([portrait()]))
    train(work)
    first, last = losses(work.work / "train")
    assert last < first
    refine(work)
    export(work)
    path = work.work / "finenet.onnx"
    assert path.stat().st_size < 8_000_000
    net = blank()
    load(net, work.work / "refine/weights.npz")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for rows, columns in ((192, 192), (64, 96)):
        picture = torch.rand(1, PLANES, rows, columns)
        with torch.no_grad():
            mine = net.eval()(picture)
        np.testing.assert_allclose(mine.numpy(), session.run(None, {"picture": picture.numpy()})[0], atol=5e-3)
    capsys.readouterr()
    report(work)
    told = capsys.readouterr().out
    assert "% nearer" in told
    assert "1 portraits" in told


def test_levels_do_not_count():
    mask = torch.ones(1, 8, 8)
    np.testing.assert_allclose(levelled(bowl()[:, :8, :8] + 7, bowl()[:, :8, :8], mask), bowl()[:, :8, :8], atol=1e-4)


def test_the_camera_of_both_networks_is_that_of_the_estimate():
    model, place = basis(with_colour=True), np.array([0.45, 0.6])
    pose = np.random.default_rng(0).normal(0, 0.4, 7).astype(np.float32)
    pivot = thinned(model).pivot
    camera = crop_camera(answered(pose, np.zeros(1, np.float32), np.zeros(1, np.float32)), pivot, place)
    given = (torch.from_numpy(part.astype(np.float32)) for part in (pose[None], place[None], pivot))
    rotation, translation, intrinsics = (part[0].numpy() for part in crop_cameras(*given))
    np.testing.assert_allclose(rotation, camera.world_to_camera[:3, :3], atol=1e-6)
    np.testing.assert_allclose(translation, camera.world_to_camera[:3, 3], atol=1e-6)
    np.testing.assert_allclose(intrinsics[:2] * SEEN_SIDE / SEEN, camera.intrinsics[:2], atol=1e-3)


def test_the_error_of_the_fine_depth_reaches_coarsenet(work):
    model = basis(with_colour=True)
    heads = Heads(World(work.work / "shards", (*FIELDS, "shape", "expression")), model)
    pair = Pair(taken(blank_coarse(model), FILES / "coarsenet.onnx"), blank(), model)
    batch = pair.laid(tensors(stacked([heads.row(0), heads.row(1)])))
    mask = batch["mask"] > 0
    assert mask.float().mean() > 0.1
    assert np.corrcoef(batch["coarse"].detach()[mask], batch["true"][mask])[0, 1] > 0.8
    PairTask(heads, work.settings).losses(pair, batch)["loss"].backward()
    for told in (pair.coarse.moved.straight.weight, pair.coarse.body.person.straight.weight):
        assert told.grad.abs().max() > 0


def test_both_networks_are_trained_both_ways(work, capsys):
    (work.work / "refine").mkdir()
    save(blank(), work.work / "refine/weights.npz")
    together(dataclasses.replace(work, settings=msgspec.structs.replace(work.settings, held=BATCH)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == 4 * ["stage by stage"] + 4 * ["end to end"]
