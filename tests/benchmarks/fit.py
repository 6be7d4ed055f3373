"""How well the fit lies on portraits: figures, an overlay sheet, and how sharp the mean of all textures is.

python tests/benchmarks/fit.py FOLDER... [--fitter NAME] [--pixels N] [--grey] [-o OUT]
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import click
import cv2
import numpy as np
from facetex_plugins.fit.energy.fit_person import LANDMARKS, appearance_over
from facetex_plugins.fit.energy.gauss_newton import FrameParameters, State
from facetex_plugins.fit.energy.outline_term import find_outline

from facetex_core import Face, Fit, Photo, PhotoError, Registry, load_preset
from facetex_core.geometry.camera import project
from facetex_core.imaging.colour import luminance, to_bytes
from facetex_core.io.photo_file import load_photo
from facetex_core.lighting.estimate_lighting import PHOTO
from facetex_core.observe import Observer
from facetex_core.texture.regions import region
from facetex_core.texture.unwrap import unwrap

SIZE = 512
SIDE, COLUMNS, ROWS = 400, 4, 3
FEATURES = ("eyes", "brows", "lips", "nose")
BLUE, GREEN, ORANGE, RED = (90, 140, 255), (60, 230, 90), (255, 170, 40), (255, 60, 60)


@dataclass(frozen=True)
class Fitted:
    """A photo, its face, its fit, and the seconds that it took."""

    photo: Photo
    face: Face
    fit: Fit
    seconds: float


def worsened(photo: Photo, face: Face, pixels: int | None, grey: bool) -> Photo:
    """The photo with a face of so many pixels, or without colour."""
    rgb = photo.rgb
    if pixels:
        scale = pixels / float((face.box[2:] - face.box[:2]).max())
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Photo(np.repeat(luminance(rgb)[..., None], 3, 2) if grey else rgb, photo.name)


def fitted(path: Path, observer: Observer, fitter: object, pixels: int | None, grey: bool) -> Fitted | None:
    """The largest face of a photo, fitted; none where there is no face."""
    photo = load_photo(path)
    try:
        observation = observer.observe(photo)
        if pixels or grey:
            observation = observer.observe(worsened(photo, observation.face, pixels, grey))
    except PhotoError:
        return None
    begin = time.perf_counter()
    (fit,) = fitter.fit([observation])
    return Fitted(observation.photo, observation.face, fit, time.perf_counter() - begin)


def overlay(each: Fitted) -> np.ndarray:
    """Mesh (blue), its outline (red), the model's landmarks (orange) and the detector's (green) over the photo."""
    fit, face = each.fit, each.face
    middle, side = (face.box[:2] + face.box[2:]) / 2, float((face.box[2:] - face.box[:2]).max()) * 1.35
    scale = 2 * SIDE / side
    matrix = np.array([[scale, 0, SIDE - scale * middle[0]], [0, scale, SIDE - scale * middle[1]]])
    picture = cv2.warpAffine(to_bytes(each.photo.rgb), matrix, (2 * SIDE, 2 * SIDE), flags=cv2.INTER_AREA)

    def placed(points: np.ndarray) -> np.ndarray:
        return np.round((points @ matrix[:, :2].T + matrix[:, 2]) * 16).astype(np.int32)

    mesh = fit.model.mesh
    triangles = mesh.triangles[mesh.parts["skin"]]
    a, b, c = fit.vertices[triangles].transpose(1, 0, 2)
    front = np.einsum("ti,ti->t", np.cross(b - a, c - a), fit.camera.position - a) > 0
    drawn = picture.copy()
    cv2.polylines(drawn, list(placed(project(fit.camera, fit.vertices))[triangles[front]]), True, BLUE, 1, cv2.LINE_AA, 4)
    picture = cv2.addWeighted(picture, 0.75, drawn, 0.25, 0)
    matrix4 = fit.camera.world_to_camera.astype(float)
    pose = FrameParameters(matrix4[:3, :3], matrix4[:3, 3], fit.expression.astype(float))
    edges, share, _ = find_outline(fit.model, State(fit.identity.astype(float), (pose,)), pose)
    ends = fit.vertices[edges]
    around = project(fit.camera, (ends[:, 0] * (1 - share)[:, None] + ends[:, 1] * share[:, None]).astype(np.float32))
    e = fit.model.embedding
    own = np.einsum("pk,pki->pi", e.dense_barycentric, fit.vertices[mesh.triangles[e.dense_triangles]])
    for points, colour in ((around, RED), (project(fit.camera, own), ORANGE), (face.dense, GREEN)):
        for x, y in placed(points):
            cv2.circle(picture, (int(x), int(y)), 24, colour, -1, cv2.LINE_AA, 4)
    picture = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    text = f"{each.photo.name}  {fit.residuals[LANDMARKS]:.2f}%  {np.abs(fit.identity).max():.1f} sd"
    return cv2.putText(picture, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 0), 1, cv2.LINE_AA)


def detail(photo: Photo, fit: Fit) -> np.ndarray:
    """The log luminance of the unwrapped photo without its low frequency: what should lie in one place on everybody."""
    lit = unwrap(photo, fit, np.ones(photo.rgb.shape[:2], np.float32), SIZE)
    light = np.log(np.maximum(luminance(lit.rgb), 0.01))
    known = (lit.visibility > 0).astype(np.float32)
    low = cv2.GaussianBlur(light * known, (0, 0), 12) / np.maximum(cv2.GaussianBlur(known, (0, 0), 12), 1e-3)
    return np.where(known > 0, light - low, 0).astype(np.float32)


def sharpness(details: np.ndarray, where: np.ndarray) -> float:
    """The gradient of the mean, as a share of the mean gradient: 1 if all faces were one."""

    def gradient(picture: np.ndarray) -> np.ndarray:
        return cv2.Sobel(picture, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(picture, cv2.CV_32F, 0, 1) ** 2

    each = np.mean([gradient(picture) for picture in details], axis=0)
    return float(np.sqrt(gradient(details.mean(0))[where].mean() / each[where].mean()))


def print_figures(found: list[Fitted]) -> None:
    """A line a photo, then the whole."""
    rows = np.array(
        [
            [
                f.fit.residuals[LANDMARKS],
                appearance_over(f.photo, f.fit).residuals[PHOTO],
                np.abs(f.fit.identity).max(),
                f.seconds,
            ]
            for f in found
        ]
    )
    print(f"{'':32} landmarks %  photo  identity max  seconds")
    for each, row in zip(found, rows, strict=True):
        print(f"{each.photo.name:32} {row[0]:11.2f} {row[1]:6.2f} {row[2]:13.2f} {row[3]:8.2f}")
    for name, how in (("mean", np.mean), ("median", np.median), ("largest", np.max)):
        row = how(rows, 0)
        print(f"{name:32} {row[0]:11.2f} {row[1]:6.2f} {row[2]:13.2f} {row[3]:8.2f}")


def print_sharpness(found: list[Fitted]) -> None:
    """Of the mean texture, with and without the drift of the sampling map."""
    print(f"\nsharpness of the mean texture   {'  '.join(f'{name:>6}' for name in FEATURES)}")
    for name, drifting in (("model alone", False), ("with drift", True)):
        fits = [each.fit if drifting else replace(each.fit, residual_flow=None) for each in found]
        details = np.stack([detail(each.photo, fit) for each, fit in zip(found, fits, strict=True)])
        values = [sharpness(details, region(fits[0].model, feature, SIZE) > 0.5) for feature in FEATURES]
        print(f"{name:31} {'  '.join(f'{value:6.3f}' for value in values)}")


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--fitter", default="posterior", show_default=True)
@click.option("--pixels", type=int, help="Shrink each photo to a face of so many pixels.")
@click.option("--grey", is_flag=True, help="Take the colour out of each photo.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for overlay_1.png, overlay_2.png, ...")
def main(folders: tuple[Path, ...], fitter: str, pixels: int | None, grey: bool, out: Path | None) -> None:
    """Fits every portrait of the folders."""
    recipe, registry = load_preset("embedded").choosing("fitter", fitter), Registry()
    observer = Observer(**{role: recipe.make(role, registry) for role in Observer.roles()})
    stages = observer, recipe.make("fitter", registry)
    paths = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    found = [each for each in (fitted(path, *stages, pixels, grey) for path in paths) if each]
    print_figures(found)
    print_sharpness(found)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for number, start in enumerate(range(0, len(found), COLUMNS * ROWS), 1):
            tiles = [overlay(each) for each in found[start : start + COLUMNS * ROWS]]
            tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
            rows = [np.hstack(tiles[row : row + COLUMNS]) for row in range(0, len(tiles), COLUMNS)]
            cv2.imwrite(str(out / f"overlay_{number}.png"), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
