"""Errors on heads that the network did not learn from, beside those of the coarse depth that it was given."""

import time

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from facetex_core.io.onnx_session import open_session
from training.common.steps import Run
from training.finenet.data import Crops, Settings
from training.finenet.net import SEEN
from training.finenet.train import errors_of, network_picture

WAVE = 4
"""Pixels of the photo: what is finer counts for nothing."""


def report(run: Run[Settings]) -> None:
    """Depth and normals, fine beside coarse, at waves of 4 photo pixels and more; and how long a crop takes."""
    crops = Crops(run.work / "crops", run.settings)
    session, rows = open_session(run.made_or_shipped("finenet.onnx")), []
    for number in range(crops.held):
        crop = {name: torch.from_numpy(value) for name, value in crops.whole(np.array([number])).items()}
        if not crop["mask"].any():
            continue
        picture = network_picture(crop["grey"], crop["coarse"], crop["mask"]).numpy()
        fine = crop["coarse"] + torch.from_numpy(session.run(None, {"picture": picture})[0])
        rows.append(
            [
                float(value)
                for each in (fine, crop["coarse"])
                for value in errors_of(smooth(each), smooth(crop["true"]), crop["mask"])
            ]
        )
    depth, angle, coarse_depth, coarse_angle = np.mean(rows, 0)
    click.echo(f"{len(rows)} crops, waves of {WAVE} pixels and more")
    click.echo(f"coarse: depth off by {coarse_depth:.2f} pixels, normals by {coarse_angle:.2f} degrees")
    click.echo(f"fine:   depth off by {depth:.2f} pixels, normals by {angle:.2f} degrees")
    click.echo(f"normals {100 * (1 - angle / coarse_angle):.0f} % nearer, depth {100 * (1 - depth / coarse_depth):.0f} %")
    click.echo(f"{_milliseconds(session):.0f} ms for {SEEN} x {SEEN}")


def smooth(height: Tensor) -> Tensor:
    """Without waves under WAVE pixels."""
    across = torch.exp(-0.5 * (torch.arange(-4, 5) / (WAVE / 4)) ** 2)
    across = (across / across.sum())[None, None]
    padded = functional.pad(height[:, None], (4, 4, 4, 4), mode="replicate")
    return functional.conv2d(functional.conv2d(padded, across[:, :, None]), across[..., None])[:, 0]


def _milliseconds(session: object) -> float:
    picture = np.random.default_rng(0).random((1, 4, SEEN, SEEN), np.float32)
    took = []
    for _ in range(9):
        began = time.perf_counter()
        session.run(None, {"picture": picture})  # type: ignore[attr-defined]  # onnxruntime has no types
        took.append(1000 * (time.perf_counter() - began))
    return float(np.median(took))
