"""How CoarseNet is trained."""

from typing import Annotated

import msgspec
from msgspec import Meta

from training.common.loop import Schedule
from training.world.settings import Degradation


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    batch: Annotated[int, Meta(ge=1)]
    """Heads of a step."""
    passes: Annotated[int, Meta(ge=1)]
    """Looks at each."""
    held: Annotated[int, Meta(ge=1)] = 200
    """Heads that nothing is learned from: the first ones of the world."""
    train: Schedule
    degradation: Degradation
