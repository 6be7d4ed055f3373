"""Errors on heads that the network did not learn from, beside those of the coarse depth that it was given."""

import time

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from facetex_core.io.onnx_session import open_session
from training.common.making import needed
from training.common.steps import Run
from training.finenet.crops import Crops
from training.finenet.net import SEEN
from training.finenet.settings import Settings
from training.finenet.train import errors_of, network_picture, tensors, unlit

WAVE, REACH = 4, 4
"""Pixels of the photo: what is finer counts for nothing; and how far the filter reaches, which therefore sees faces alone."""


def report(run: Run[Settings]) -> None:
    """Depth and normals, fine beside coarse, at waves of 4 photo pixels and more; shading of portraits; time of a crop."""
    session = open_session(run.made_or_shipped("finenet.onnx"))
    heads = Crops.of_heads(run.work / "crops", run.settings)
    rows = np.array([_head(session, heads, number) for number in range(heads.held)])
    depth, angle, coarse_depth, coarse_angle = rows.mean(0)
    click.echo(f"{len(rows)} crops, waves of {WAVE} pixels and more")
    click.echo(f"coarse: depth off by {coarse_depth:.2f} pixels, normals by {coarse_angle:.2f} degrees")
    click.echo(f"fine:   depth off by {depth:.2f} pixels, normals by {angle:.2f} degrees")
    nearer = (rows[:, 1] < rows[:, 3]).mean()
    click.echo(f"normals {100 * (1 - angle / coarse_angle):.0f} % nearer, in {100 * nearer:.0f} % of the crops")
    click.echo(f"depth {100 * (1 - depth / coarse_depth):.0f} % nearer")
    unseen = Crops([needed(run.work / "unseen.npz", "finenet portraits")], run.settings)
    lit = 100 * np.sqrt(np.mean([_portrait(session, unseen, number) for number in range(len(unseen))], 0))
    click.echo(
        f"{len(unseen)} portraits: {lit[1]:.1f} % off their shading under the coarse head, {lit[0]:.1f} % under the fine"
    )
    click.echo(f"{_milliseconds(session):.0f} ms for {SEEN} x {SEEN}")


def _looked(session: object, crops: Crops, number: int) -> tuple[dict[str, Tensor], Tensor]:
    """A crop and its fine height."""
    crop = tensors(crops.whole(np.array([number])))
    change = session.run(None, {"picture": network_picture(crop).numpy()})[0]  # type: ignore[attr-defined]  # it has no types
    return crop, crop["coarse"] + torch.from_numpy(change)


def _head(session: object, crops: Crops, number: int) -> list[float]:
    crop, fine = _looked(session, crops, number)
    true, inner = smooth(crop["true"]), 1 - functional.max_pool2d(1 - crop["mask"], 2 * REACH + 1, 1, REACH)
    both = (errors_of(smooth(each), true, inner) for each in (fine, crop["coarse"]))
    return [float(value) for pair in both for value in pair]


def _portrait(session: object, crops: Crops, number: int) -> list[float]:
    crop, fine = _looked(session, crops, number)
    return [float(unlit(crop, each)[0]) for each in (fine, crop["coarse"])]


def smooth(height: Tensor) -> Tensor:
    """Without waves under WAVE pixels."""
    across = torch.exp(-0.5 * (torch.arange(-REACH, REACH + 1) / (WAVE / 4)) ** 2)
    across = (across / across.sum())[None, None]
    padded = functional.pad(height[:, None], (REACH,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, across[:, :, None]), across[..., None])[:, 0]


def _milliseconds(session: object) -> float:
    picture = np.random.default_rng(0).random((1, 4, SEEN, SEEN), np.float32)
    took = []
    for _ in range(9):
        began = time.perf_counter()
        session.run(None, {"picture": picture})  # type: ignore[attr-defined]  # onnxruntime has no types
        took.append(1000 * (time.perf_counter() - began))
    return float(np.median(took))
