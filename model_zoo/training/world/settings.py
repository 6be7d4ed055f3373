"""What settings.toml says."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]


class Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many of the pictures have what."""

    hair: Share
    """Hair of a mesh; the others' is cropped,"""
    bald: Share
    """or they have none."""
    brows: Share
    """Brows of a mesh over those of the skin."""
    lashes: Share
    beard: Share
    glasses: Share
    dark: Share
    """Of the glasses: sunglasses."""
    cloth: Share
    """Shoulders."""
    photographed: Share
    """Skins that photographs were unwrapped to, or that were painted; the others come from the albedo model."""
    panorama: Share
    """Light of a photographed panorama; the others' is made up."""
    backdrop: Share
    """A plain one; behind the others is their panorama."""
    rest: Share
    """Faces at rest."""
    shut: Share
    """Eyes."""
    jaw: Share
    """Open."""


class Degradation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many pictures are spoiled how."""

    blur: Share
    downscale: Share
    noise: Share
    jpeg: Share
    grey: Share


class Tested(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Heads of the suites."""

    raster: Annotated[int, Meta(ge=0)] = 40
    """Heads of the basis by the fast renderer,"""
    mitsuba: Annotated[int, Meta(ge=0)] = 20
    """by the slow one,"""
    makehuman: Annotated[int, Meta(ge=0)] = 60
    """and heads of MakeHuman's own mesh."""
    side: Annotated[int, Meta(ge=32, le=2048)] = 512
    """Pixels."""
    texels: Annotated[int, Meta(ge=128, le=4096)] = 1024
    """Along a side of the skin's map."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    heads: Annotated[int, Meta(ge=1)]
    views: Annotated[int, Meta(ge=1)] = 1
    """Pictures of a head."""
    side: Annotated[int, Meta(ge=32, le=2048)] = 256
    """Pixels."""
    texels: Annotated[int, Meta(ge=128, le=4096)] = 512
    """Along a side of the skin's map."""
    seed: int = 0
    shard: Annotated[int, Meta(ge=1)] = 200
    """Pictures of a file."""
    renderer: Literal["raster", "mitsuba"] = "raster"
    samples: Annotated[int, Meta(ge=1)] = 64
    """Paths a pixel of mitsuba's."""
    yaw: Annotated[float, Meta(ge=0, le=180)] = 80.0
    """Degrees to either side, at most."""
    shares: Shares
    degradation: Degradation
    suite: Tested = Tested()
