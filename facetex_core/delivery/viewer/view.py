"""The view of heads that a page shows: pictures first, and what turns them once a script runs."""

import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from facetex_core.delivery.pictures import template
from facetex_core.delivery.viewer.small_glb import small_glb
from facetex_core.lighting.environment import hdr_bytes, radiance_of
from facetex_core.structures import Lighting

LIGHT_ROWS = 32
"""Of the panorama of a photo's light; harmonics hold nothing finer."""
EFFORT = 4
"""Of deflating: half the time of more, for a twentieth of the size."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A head's place on the page."""

    title: str = ""
    poster: str = ""
    """The address of a picture that stands there until the head does."""
    variant: int = -1
    """Of the GLB's material variants; -1: the only one."""


def view_html(cells: Sequence[Cell], glbs: Mapping[str, str], light: Lighting | None = None) -> str:
    """A section with id `view`; the GLBs, packed, by id. `facetexViewer.mount(section).show(id)` turns one on."""
    hdr = packed_light(light) if light else ""
    page = template(__package__, "view")
    return str(page.render(cells=cells, glbs=glbs, light=hdr, three=_script("three.min.js"), viewer=_script("viewer.js")))


def packed(glb: bytes) -> str:
    """A small copy of a GLB, as a page holds it."""
    return b64encode(zlib.compress(small_glb(glb), EFFORT)).decode("ascii")


def packed_light(lighting: Lighting) -> str:
    """A panorama in the directions of three.js, whose middle column is +x and whose columns go on towards +z."""
    ahead_in_the_middle = radiance_of(lighting)
    turned = np.roll(ahead_in_the_middle[:, ::-1], ahead_in_the_middle.shape[1] // 4, 1)
    step = len(turned) // LIGHT_ROWS
    return b64encode(hdr_bytes(turned[::step, ::step])).decode("ascii")


@cache
def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
