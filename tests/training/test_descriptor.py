"""The training of the descriptor."""

import numpy as np
import onnxruntime
import torch
from training.common.export import load
from training.descriptor.data import CROP, Settings
from training.descriptor.net import CHANNELS, LEVELS, DescriptorNet
from training.descriptor.train import export, train
from trainings import SCHEDULE, losses, shipped_settings, short_run


def write_examples(folder):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 3, CROP, CROP)).astype(np.uint8)
    np.save(folder / "image_000.npy", images)
    for level, (name, channels) in enumerate(zip(LEVELS, CHANNELS, strict=True)):
        grey = images.mean(1, keepdims=True)[:, :, :: 2**level, :: 2**level] / 255
        np.save(folder / f"{name}_000.npy", np.repeat(grey, channels, 1).astype(np.float16))


def test_twenty_steps_learn_and_are_written(tmp_path):
    run = short_run("descriptor", Settings(crops=8, batch=2, train=SCHEDULE), tmp_path)
    write_examples(run.work)
    train(run)
    export(run)
    first, last = losses(run.work)
    assert last < first
    net, image = DescriptorNet(), torch.rand(1, 3, 32, 48)
    load(net, run.work / "weights.npz")
    session = onnxruntime.InferenceSession(run.work / "descriptor.onnx", providers=["CPUExecutionProvider"])
    found = session.run(list(LEVELS), {"image": image.numpy()})
    with torch.no_grad():
        for mine, theirs in zip(net.eval()(image), found, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs, atol=1e-4)


def test_the_settings_are_read():
    assert shipped_settings("descriptor", Settings).train.steps == 7000
