"""How well delighters take the light out: of portraits, and of one made-up head under several lights.

python tests/benchmarks/delight.py FOLDER... [--delighter NAME,...] [--every N] [--hdri FILE ... --heads N]

Of portraits, over texels of plain skin that every delighter leaves seen, a line for each delighter:
  sides    left/right difference of log luminance, low-passed at sigma 8/256 of the map, root mean square
  down     how much less that is than of the undelit texture
  kept     share of the seen skin that the delighter leaves seen
  detail   energy of log luminance between blurs of 0.4 % and 1.2 % of the map, beside the undelit texture's
  middle   spread of Lab chroma where the skin faces the camera (cosine above 0.7)
  contour  chroma off that middle where it is turned away (cosine below 0.35)
  grey     CIEDE2000 of the mean albedo of the photo turned grey against that of the colour photo
With panoramas, one head photographed in each: the albedos' difference beside the undelit textures', in sRGB-coded values,
as they are and with the mean colours taken out, which are a matter of exposure and white balance.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
import cv2
import numpy as np
from skimage.color import deltaE_ciede2000

from facetex_core import Fit, LitView, MorphableModel, PhotoError, Registry, Texture, load_preset
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import encode_srgb, luminance
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.io.photo_file import load_photo
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.lighting.panorama import read_panorama
from facetex_core.observe import FrontHalf
from facetex_core.structures import Photo
from facetex_core.texture.regions import plain_skin, skin_texels
from facetex_core.workbench.evaluation.synthetic import BANDS, sample_case

SIZE = 512
LOW, FINE, COARSE = 8 / 256, 0.004, 0.012
FACING, TURNED = 0.7, 0.35
COLUMNS = ("sides", "kept", "detail", "middle", "contour", "grey")


@dataclass(frozen=True)
class Bench:
    """The stages as far as the delighter, the model that is fitted, and the delighters."""

    front: FrontHalf
    model: MorphableModel
    delighters: dict[str, object]

    def unwrapped(self, photo: Photo) -> LitView:
        """What a run gives to its delighter."""
        observation = self.front.observe(photo)
        (fit,) = self.front.fitter.fit([observation])
        return self.front.unwrapped(observation, fit)


def log_light(texture: Texture) -> np.ndarray:
    return np.log(np.maximum(luminance(texture.rgb), 1e-3))[..., None]


def sides(texture: Texture, seen: np.ndarray) -> float:
    """Over what is seen on both sides."""
    both = (seen & seen[:, ::-1]).astype(np.float32)
    low = blur_where(log_light(texture), both, LOW * SIZE)[..., 0]
    return float(np.sqrt(((low - low[:, ::-1])[both > 0] ** 2).mean())) if both.any() else float("nan")


def detail(texture: Texture, seen: np.ndarray) -> float:
    on, light = seen.astype(np.float32), log_light(texture)
    band = blur_where(light, on, FINE * SIZE) - blur_where(light, on, COARSE * SIZE)
    return float((band[seen] ** 2).mean())


def contour(texture: Texture, seen: np.ndarray, fit: Fit) -> tuple[float, float]:
    """Spread of chroma where the skin faces the camera, and how far off its middle it is where it does not."""
    towards = fit.camera.position - interpolate(skin_texels(fit.model, SIZE), fit.model.mesh, fit.vertices)
    cosine = (normal_map(fit, SIZE) * towards / np.linalg.norm(towards, axis=-1, keepdims=True)).sum(-1)
    chroma = blur_where(cv2.cvtColor(texture.rgb, cv2.COLOR_LRGB2LAB)[..., 1:], seen.astype(np.float32), FINE * SIZE)
    straight, turned = seen & (cosine > FACING), seen & (cosine < TURNED)
    off = ((chroma - np.median(chroma[straight], axis=0)) ** 2).sum(-1)
    return float(np.sqrt(off[straight].mean())), float(np.sqrt(off[turned].mean())) if turned.any() else float("nan")


def mean_lab(texture: Texture, seen: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(texture.rgb[seen].mean(0)[None, None], cv2.COLOR_LRGB2LAB)[0, 0]


def portrait_figures(bench: Bench, photo: Photo) -> dict[str, list[float]]:
    """The columns for each delighter."""
    view = bench.unwrapped(photo)
    lit, fit = view.lit, view.fit
    skin = plain_skin(fit.model, SIZE) > 0.5
    found = {name: delighter.delight(view) for name, delighter in bench.delighters.items()}
    seen = np.all([texture.visibility > 0 for texture in found.values()], axis=0) & skin
    in_grey = Photo(np.repeat(luminance(photo.rgb)[..., None], 3, 2), photo.name)
    grey_view = bench.unwrapped(in_grey)
    rows = {}
    for name, texture in found.items():
        grey = bench.delighters[name].delight(grey_view)
        apart = deltaE_ciede2000(
            mean_lab(grey, (grey.visibility > 0) & skin), mean_lab(texture, (texture.visibility > 0) & skin)
        )
        kept = (texture.visibility > 0)[skin].sum() / (lit.visibility > 0)[skin].sum()
        energy = detail(texture, seen) / detail(lit, seen)
        rows[name] = [sides(texture, seen), float(kept), energy, *contour(texture, seen, fit), float(apart), sides(lit, seen)]
    return rows


def print_portraits(bench: Bench, photos: list[Path]) -> None:
    rows: dict[str, list[list[float]]] = {name: [] for name in bench.delighters}
    for path in photos:
        try:
            for name, row in portrait_figures(bench, load_photo(path)).items():
                rows[name].append(row)
        except PhotoError as error:
            print(f"left out: {error}")
    count = len(next(iter(rows.values())))
    print(f"{count} portraits\n{'':12}{'down':>8}{''.join(f'{name:>9}' for name in COLUMNS)}")
    for name, values in rows.items():
        mean = np.nanmean(values, axis=0)
        print(f"{name:12}{1 - mean[0] / mean[-1]:8.1%}{''.join(f'{value:9.3f}' for value in mean[:-1])}")


def lit_heads(bench: Bench, panoramas: tuple[Path, ...], count: int) -> Iterator[list[LitView]]:
    """Heads of the fitter's model, each with the same camera, skin and expression in every light."""
    lights = [read_panorama(path) for path in panoramas]
    for seed in range(count):
        band = BANDS[seed % 4 == 3]
        yield [bench.unwrapped(sample_case(bench.model, 70_000 + seed, light, band=band).photo) for light in lights]


def differences(one: Texture, other: Texture, seen: np.ndarray) -> tuple[float, float]:
    """Mean squares: as they are, and without the means."""
    off = (encode_srgb(one.rgb) - encode_srgb(other.rgb))[seen]
    return float((off**2).mean()), float(off.var(0).mean())


def print_lights(bench: Bench, panoramas: tuple[Path, ...], count: int) -> None:
    squares: dict[str, list[tuple[float, float]]] = {"lit": [], **{name: [] for name in bench.delighters}}
    for head in lit_heads(bench, panoramas, count):
        found = {name: [each.delight(view) for view in head] for name, each in bench.delighters.items()}
        skin = plain_skin(bench.model, SIZE) > 0.5
        for a, b in combinations(range(len(head)), 2):
            seen = np.all([textures[k].visibility > 0 for textures in found.values() for k in (a, b)], axis=0) & skin
            squares["lit"].append(differences(head[a].lit, head[b].lit, seen))
            for name, textures in found.items():
                squares[name].append(differences(textures[a], textures[b], seen))
    before = np.sqrt(np.mean(squares.pop("lit"), axis=0))
    print(f"\n{count} heads under {len(panoramas)} lights\n{'':12}{'differ':>8}{'without means':>15}")
    for name, values in squares.items():
        whole, even = np.sqrt(np.mean(values, axis=0)) / before
        print(f"{name:12}{whole:8.1%}{even:15.1%}")


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--delighter", default="network,harmonics,division,none", show_default=True)
@click.option("--every", default=1, show_default=True, help="Every N-th portrait only.")
@click.option("--hdri", multiple=True, type=click.Path(exists=True, path_type=Path), help="A light; at least two.")
@click.option("--heads", default=24, show_default=True, help="Heads in these lights.")
def main(folders: tuple[Path, ...], delighter: str, every: int, hdri: tuple[Path, ...], heads: int) -> None:
    """Prints what is asked for: portraits of folders, heads in lights, or both."""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    recipe, registry = load_preset("embedded"), Registry()
    front = FrontHalf(**{role: recipe.make(role, registry) for role in FrontHalf.roles()}, size=SIZE)
    model = registry.bare("fitter", recipe.stages["fitter"].name, {}).model
    bench = Bench(front, model, {name: registry.make("delighter", name, {}) for name in delighter.split(",")})
    photos = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".jpg", ".png"))[::every]
    if photos:
        print_portraits(bench, photos)
    if len(hdri) > 1:
        print_lights(bench, hdri, heads)


if __name__ == "__main__":
    main()
