"""Portraits to partial albedo textures in a working folder: what the albedo model is learned from."""

import logging
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import model_path
from shared_data import DATA

from facetex_core import FacetexError, Photo, Registry, load_preset
from facetex_core.camera import yaw_degrees
from facetex_core.fitting.fit import ModelFitter, relight
from facetex_core.image_io import load_photo
from facetex_core.morphable_model import load_morphable_model, with_albedo
from facetex_core.pipeline import choose
from facetex_core.structures import Fit, MorphableModel, Texture
from facetex_core.unwrap import unwrap

SIZE = 512
"""Portraits of 430-pixel faces hold no more."""
WIDEST_YAW = 15.0
"""Degrees: beyond, one cheek is missing."""


@cache
def stages(delighter: str) -> tuple[object, ...]:
    """Detector and segmenter of the embedded preset, and a delighter."""
    recipe, registry = load_preset("embedded").choosing("delighter", delighter), Registry()
    return tuple(recipe.make(role, registry) for role in ("detector", "segmenter", "delighter"))


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


def partial_albedo(photo: Photo, with_colour: bool, delighter: str = "harmonics") -> tuple[Texture, Fit]:
    """What the pipeline does as far as the delighter; refuses what it refuses, and turned faces.

    Models that the default delighter needs are learned from what harmonics make.
    """
    detector, segmenter, delighting = stages(delighter)
    face = choose(detector.detect(photo), None, photo)
    (fit,) = Fitter(with_colour).fit([photo], [face])
    if abs(yaw_degrees(fit.camera)) > WIDEST_YAW:
        raise FacetexError(f"{photo.name}: turned by {yaw_degrees(fit.camera):.0f} degrees")
    lit = unwrap(photo, fit, segmenter.segment(photo, face), SIZE)
    fit = relight(fit, lit)
    return delighting.delight(lit, fit), fit


def _work(path: Path, target: Path, with_colour: bool) -> str:
    import cv2

    cv2.setNumThreads(1)
    logging.getLogger("facetex").setLevel(logging.ERROR)
    try:
        texture, fit = partial_albedo(load_photo(path), with_colour)
    except FacetexError as error:
        return f"left out {error}"
    np.savez(target / f"{path.stem}.npz", rgb=texture.rgb.astype(np.float16), visibility=texture.visibility.astype(np.float16))
    return f"{path.stem}: {fit.residuals}"


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
