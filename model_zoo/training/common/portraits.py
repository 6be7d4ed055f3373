"""Portraits as a run sees them, and partial albedo textures of them in a folder."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from facetex_model_zoo import model_path
from facetex_plugins.fit.energy.fit_person import ModelFitter
from tqdm import tqdm

from facetex_core import FacetexError, Photo, Recipe, Registry, load_preset
from facetex_core.delivery.record import residuals_of
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.io.photo_file import load_photo
from facetex_core.observe import FrontHalf
from facetex_core.structures import DelitView, MorphableModel, Texture
from training.common.data import save_arrays
from training.common.making import spread

SIZE = 512
"""Portraits of 430-pixel faces hold no more."""
WIDEST_YAW = 15.0
"""Degrees: beyond, one cheek is missing."""


@cache
def basis(with_colour: bool) -> MorphableModel:
    """The face basis; without colour in the first round, when its albedo is still to be learned."""
    model = load_morphable_model(model_path("face_basis"))
    return with_albedo(model, model_path("skin_albedo")) if with_colour else model


class Fitter(ModelFitter):
    """`basis`, on such a model."""

    def __init__(self, with_colour: bool) -> None:
        self.with_colour = with_colour

    @property
    def model(self) -> MorphableModel:
        """The basis."""
        return basis(self.with_colour)


@cache
def front_half(with_colour: bool) -> FrontHalf:
    """The stages of a run as far as the delighter.

    What the default fitter and delighter need is learned from what `basis` and `harmonics` make.
    """
    recipe = load_preset("embedded").choosing("delighter", "harmonics").choosing("fitter", "basis")
    return replace(_front_half(recipe), fitter=Fitter(with_colour))


@cache
def default_front_half() -> FrontHalf:
    """That of a run of which nothing is said."""
    return _front_half(load_preset("embedded"))


def _front_half(recipe: Recipe) -> FrontHalf:
    registry = Registry()
    return FrontHalf(**{role: recipe.make(role, registry) for role in FrontHalf.roles()}, size=SIZE)


def delit_view(photo: Photo, front: FrontHalf) -> DelitView:
    """What a run sees of the face; refuses what it refuses, and turned faces."""
    observation = front.observe(photo)
    (fit,) = front.fitter.fit([observation])
    if abs(yaw_degrees(fit.camera)) > WIDEST_YAW:
        raise FacetexError(f"{photo.name}: turned by {yaw_degrees(fit.camera):.0f} degrees")
    return front.delit(front.unwrapped(observation, fit))


def each_portrait(write: Callable[[Path, Path], str], photos: Path, target: Path, jobs: int, people: int | None = None) -> None:
    """`write(photo, file)` for the first so many portraits of a folder, by name; one whose file is there is left alone.

    Prints what `write` says of each, or why it was left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(path for path in photos.iterdir() if path.suffix in (".jpg", ".png"))[:people]
    missing = [path for path in paths if not (target / f"{path.stem}.npz").exists()]
    for line in spread(partial(_quietly, write, target), missing, jobs, photos.name):
        tqdm.write(line)


def _quietly(write: Callable[[Path, Path], str], target: Path, photo: Path) -> str:
    logging.getLogger("facetex").setLevel(logging.ERROR)
    try:
        return f"{photo.stem}: {write(photo, target / f'{photo.stem}.npz')}"
    except FacetexError as error:
        return f"left out {error}"


def write_texture(photo: Path, file: Path, with_colour: bool) -> str:
    """The albedo that a portrait shows, linear, and how well each texel is seen, in half precision."""
    view = delit_view(load_photo(photo), front_half(with_colour))
    rgb, visibility = view.albedo.rgb.astype(np.float16), view.albedo.visibility.astype(np.float16)
    save_arrays(file, {"rgb": rgb, "visibility": visibility})
    return ", ".join(f"{name} {value:.2f}" for name, value in residuals_of(view).items())


def extract(photos: Path, target: Path, with_colour: bool, jobs: int, people: int | None = None) -> None:
    """Textures of the portraits of a folder."""
    each_portrait(partial(write_texture, with_colour=with_colour), photos, target, jobs, people)


def load_textures(folder: Path) -> list[Texture]:
    """What `extract` wrote, in the order of names."""
    textures = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            textures.append(Texture(arrays["rgb"].astype(np.float32), arrays["visibility"].astype(np.float32)))
    return textures
