"""Portraits to partial albedo textures in a working folder: what the albedo model is learned from."""

import logging
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import model_path
from facetex_plugins.fit.energy.fit_person import ModelFitter

from facetex_core import FacetexError, Photo, Registry, load_preset
from facetex_core.delivery.record import residuals_of
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.io.photo_file import load_photo
from facetex_core.observe import FrontHalf
from facetex_core.structures import DelitView, MorphableModel, Texture
from training.common.data import DATA

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
    """The default one, on such a basis."""

    def __init__(self, with_colour: bool) -> None:
        self.with_colour = with_colour

    @property
    def model(self) -> MorphableModel:
        """The basis."""
        return basis(self.with_colour)


@cache
def front_half(with_colour: bool, delighter: str = "harmonics") -> FrontHalf:
    """The stages of a run as far as the delighter, with such a fitter.

    Models that the default delighter needs are learned from what harmonics make.
    """
    recipe, registry = load_preset("embedded").choosing("delighter", delighter), Registry()
    made = {role: recipe.make(role, registry) for role in FrontHalf.roles() if role != "fitter"}
    return FrontHalf(**made, fitter=Fitter(with_colour), size=SIZE)


def delit_view(photo: Photo, with_colour: bool, delighter: str = "harmonics") -> DelitView:
    """What a run sees of the face; refuses what it refuses, and turned faces."""
    front = front_half(with_colour, delighter)
    observation = front.observe(photo)
    (fit,) = front.fitter.fit([observation])
    if abs(yaw_degrees(fit.camera)) > WIDEST_YAW:
        raise FacetexError(f"{photo.name}: turned by {yaw_degrees(fit.camera):.0f} degrees")
    return front.delit(front.unwrapped(observation, fit))


def _work(path: Path, target: Path, with_colour: bool) -> str:
    import cv2

    cv2.setNumThreads(1)
    logging.getLogger("facetex").setLevel(logging.ERROR)
    try:
        view = delit_view(load_photo(path), with_colour)
    except FacetexError as error:
        return f"left out {error}"
    rgb, visibility = view.albedo.rgb.astype(np.float16), view.albedo.visibility.astype(np.float16)
    np.savez(target / f"{path.stem}.npz", rgb=rgb, visibility=visibility)
    return f"{path.stem}: {residuals_of(view)}"


def extract(photos: Path, target: Path, with_colour: bool, jobs: int) -> None:
    """Every portrait of a folder, in parallel."""
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(p for p in photos.iterdir() if p.suffix in (".jpg", ".png"))
    with ProcessPoolExecutor(jobs) as pool:
        for line in pool.map(_work, paths, [target] * len(paths), [with_colour] * len(paths)):
            print(line, flush=True)


def load_textures(folder: Path) -> list[Texture]:
    """What `extract` wrote, in the order of names."""
    textures = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            textures.append(Texture(arrays["rgb"].astype(np.float32), arrays["visibility"].astype(np.float32)))
    return textures


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/bank", show_default=True)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder for the textures.")
@click.option("--with-colour/--without-colour", default=True, help="Whether the albedo model exists already.")
@click.option("--jobs", default=2, show_default=True)
def main(photos: Path, work: Path, with_colour: bool, jobs: int) -> None:
    """Portraits to partial albedos."""
    extract(photos, work, with_colour, jobs)


if __name__ == "__main__":
    main()
