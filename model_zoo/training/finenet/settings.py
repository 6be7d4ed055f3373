"""The numbers of settings.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta

from training.common.loop import Schedule
from training.finenet.net import SEEN
from training.world.settings import Degradation


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    heads: Annotated[int, Meta(ge=1)]
    held: Annotated[int, Meta(ge=1)]
    side: Annotated[int, Meta(ge=64, le=1024)]
    yaw: Annotated[float, Meta(ge=0, le=90)]
    crops: Annotated[int, Meta(ge=1)]
    """Of each head,"""
    window: Annotated[int, Meta(ge=16, le=SEEN)]
    """and the pixels of the part of one that is learned from at a time."""
    batch: Annotated[int, Meta(ge=1)]
    portraits: Annotated[int, Meta(ge=0)]
    """Of a batch, in the second part of the training."""
    shading: Annotated[float, Meta(ge=0)]
    fidelity: Annotated[float, Meta(ge=0)]
    smooth: Annotated[float, Meta(ge=0)]
    """Weights of the unsupervised loss beside a pixel of depth."""
    train: Schedule
    refine: Schedule
    together: Schedule
    degradation: Degradation
