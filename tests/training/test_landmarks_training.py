"""The training of the landmark net."""

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.detect.alignment import OrientedBox, image_pyramid
from made_faces import SIZE, write_caches, write_canonical, write_mined
from training.common.export import load
from training.common.loop import Schedule
from training.landmarks.crops import NONE, shape_basis
from training.landmarks.data import Settings
from training.landmarks.detector import Points
from training.landmarks.labels import flip_indices
from training.landmarks.net import CROP, Deployed
from training.landmarks.train import blank, export, read_crops, refine, train
from trainings import SCHEDULE, losses, shipped_settings, short_run


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A run on made-up pictures."""
    write_canonical(tmp_path / "data", monkeypatch)
    settings = Settings(train=SCHEDULE, refine=Schedule(steps=2, rate=1e-4), faces=4, others=2)
    run = short_run("landmarks", settings, tmp_path)
    write_caches(run.work, np.random.default_rng(0))
    write_mined(run.work, np.random.default_rng(1))
    return run


def test_twenty_steps_learn_and_are_written(work):
    train(work)
    first, last = losses(work.work / "train")
    assert last < first
    refine(work)
    export(work)
    net, crop = blank(), torch.rand(2, 3, CROP, CROP)
    load(net, work.work / "refine/weights.npz")
    session = onnxruntime.InferenceSession(work.work / "landmarks.onnx", providers=["CPUExecutionProvider"])
    written = session.run(["dense", "landmarks", "score"], {"crop": crop.numpy()})
    with torch.no_grad():
        for mine, theirs in zip(Deployed(net, torch.from_numpy(flip_indices())).eval()(crop), written, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, atol=2e-3)  # stored in half precision
    face = Points(work.work / "landmarks.onnx", 0.0).measure(
        image_pyramid(np.full((SIZE, SIZE, 3), 0.5, np.float32)), OrientedBox(np.array([32.0, 32.0]), 40.0, 0.0, 1.0)
    )
    assert face.dense.shape == (468, 2)


def test_a_batch_follows_from_the_generator(work):
    crops = read_crops(work.work, np.load(work.work / "mined.npy"))
    one, again = (crops.batch(3, 8, np.random.default_rng([0, 7])) for _ in range(2))
    assert all(torch.equal(*parts) for parts in zip(one, again, strict=True))
    assert [tuple(part.shape) for part in one] == [(11, 3, CROP, CROP), (3, 536, 2), (3, 536, 1)]
    assert -0.5 <= one[0].min() < one[0].max() <= 0.5


def test_points_lie_on_the_crop_where_the_picture_went(work):
    crops = read_crops(work.work, NONE)
    for source in (*crops.front, *crops.sides):
        x, y = source.points[0].astype(int)
        for level in source.levels:
            level[...] = (0, 0, 0, 255)
        cv2.circle(source.levels[0], (int(x), int(y)), 4, (255, 255, 255, 255), -1)
        source.levels[1:] = [cv2.resize(source.levels[0], level.shape[:2]) for level in source.levels[1:]]
    crops.flip = np.arange(536)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        source, matrix, points = crops.placed(rng)
        image = crops.view(source, matrix, np.random.default_rng(0)).min(2).astype(float)
        image *= image > 200
        rows, columns = np.mgrid[0:CROP, 0:CROP] + 0.5
        if source.turned or not image.any():
            continue
        middle = np.array([(columns * image).sum(), (rows * image).sum()]) / image.sum()
        assert np.linalg.norm(middle - points[0] * CROP) < 4


def test_the_shape_layer_begins_as_the_shapes(work):
    mean, basis = shape_basis(read_crops(work.work, NONE), np.random.default_rng(0), 200)
    assert mean.shape == (1072,)
    assert basis.shape == (1072, 72)
    eyes = mean.reshape(536, 2)[[33, 263]]
    assert 0.2 < eyes[0, 0] < eyes[1, 0] < 0.8
    assert basis.norm(dim=0)[0] > basis.norm(dim=0)[-1]


def test_what_is_missing_is_named_with_its_command(work):
    (work.work / "heads_bank.npz").unlink()
    with pytest.raises(Exception, match=r"python -m training\.landmarks heads"):
        train(work)


def test_the_settings_are_read():
    settings = shipped_settings("landmarks", Settings)
    assert settings.train.steps + settings.refine.steps == 17030
