"""The skin of a portrait over the basis's UV map, lit as it was: what rendered heads wear."""

import logging
from pathlib import Path

import numpy as np

from facetex_core import FacetexError
from facetex_core.io.photo_file import load_photo
from facetex_core.structures import Texture
from training.common.data import save_arrays
from training.common.portraits import front_half


def lit_skin(path: Path) -> Texture:
    """What a run unwraps from a photograph, with the detector that ships."""
    front = front_half(with_colour=True)
    observation = front.observe(load_photo(path))
    (fit,) = front.fitter.fit([observation])
    return front.unwrapped(observation, fit).lit


def write_skin(path: Path, folder: Path) -> str:
    """A file of the photograph's name, if it is not there; the reason where a run refuses the photograph, else nothing."""
    target = folder / f"{path.stem}.npz"
    if target.exists():
        return ""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    try:
        skin = lit_skin(path)
    except FacetexError as error:
        return f"left out {path.name}: {error}"
    save_arrays(target, {"rgb": skin.rgb.astype(np.float16), "visibility": skin.visibility.astype(np.float16)})
    return ""
