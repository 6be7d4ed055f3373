"""What heads wear, made ready once: parts and skins of MakeHuman, skins of photographs, panoramas."""

from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import Float16, Float32, UInt8

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import decode_srgb, to_bytes
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.lighting.panorama import read_panorama
from facetex_core.structures import MorphableModel
from facetex_core.texture.regions import region, skin_texels
from training.common.data import DATA
from training.common.portraits import SIZE, basis, extract, load_textures
from training.common.steps import Run
from training.world.light import FINER, ROWS, sampled
from training.world.makehuman import SKIN, MakeHuman
from training.world.pieces import mirrored, write_piece
from training.world.settings import Settings
from training.world.targets import is_for_training, read_targets, sides, skin_is_for_training

FOLDERS = {"hair": "hair", "brows": "eyebrows", "lashes": "eyelashes"}
TARGETS = "models/mm/makehuman/face_targets.tar"
TEXELS = 512
"""Of a part's texture."""
SUN = 100.0
"""Radiance that only a sun has."""
UNEVEN = 0.055
"""Above this a photograph's light is still in its skin."""
UNPAINTED = 0.004
"""Linear albedo below which a painted skin has nothing."""
KNOWN = 0.3
"""Visibility from which a texel of a photographed skin is kept."""


def portraits(run: Run[Settings]) -> None:
    """The skin of every portrait over the map, shading taken out as a run does it."""
    extract(DATA / "photos/bank", run.work / "portraits", with_colour=True, jobs=run.jobs)


def make(run: Run[Settings]) -> None:
    """Writes what `Wardrobe.read` reads."""
    folder = run.work / "assets"
    folder.mkdir(exist_ok=True)
    model = basis(with_colour=True)
    human = MakeHuman(DATA, model)
    for kind, name in FOLDERS.items():
        for path in sorted((DATA / "parts/makehuman" / name).glob("*/*.mhclo")):
            piece = human.piece(path, kind, TEXELS)
            write_piece(piece, folder / f"{kind}-{path.stem}.npz")
            if kind == "hair":
                write_piece(mirrored(piece, model), folder / f"{kind}-{path.stem}-mirrored.npz")
            click.echo(f"{kind} {path.stem}")
    np.save(folder / "targets.npy", targets(human))
    skins = [*painted(human, model), *photographed(model, run.work / "portraits")]
    np.save(folder / "skins.npy", np.stack(skins))
    paths = sorted((DATA / "hdri/train").glob("*.hdr"))
    np.save(folder / "panoramas.npy", np.stack([mended(read_panorama(path, FINER * ROWS)) for path in paths]))
    click.echo(f"{len(skins)} skins, {len(paths)} panoramas")


def targets(human: MakeHuman, *, unseen: bool = False) -> Float16[np.ndarray, "targets 2 vertices 3"]:
    """Right and left of what those targets move that trainings may use; or of the unseen ones, which they may not."""
    base = human.base.vertices
    own = read_targets(DATA / TARGETS, len(base))
    chosen = {name: own[name] for name in own if is_for_training(name) != unseen and not name.startswith("macrodetails/")}
    both = sides(chosen, base[:, 0])
    return np.stack([human.carried(np.stack(pair)) for pair in both.values()]).astype(np.float16)


def mended(panorama: Float32[np.ndarray, "rows columns 3"]) -> Float32[np.ndarray, "rows columns 3"]:
    """A panorama whose sun is white: in two of them red and green have run over, and are 0."""
    most = panorama.max(2, keepdims=True)
    lost = (most > SUN) & (panorama.min(2, keepdims=True) < 0.01 * most)
    return np.where(lost, most, panorama).astype(np.float32)


def photographed(model: MorphableModel, folder: Path) -> Iterator[UInt8[np.ndarray, "size size 3"]]:
    """Portraits' skins, complete."""
    for texture in load_textures(folder):
        known = texture.visibility * (texture.visibility > KNOWN)
        if unevenness(texture.rgb, known) < UNEVEN:
            yield complete(texture.rgb, known, model)


def unevenness(rgb: Float32[np.ndarray, "size size 3"], known: Float32[np.ndarray, "size size"]) -> float:
    """Root mean square of what both sides of a skin differ by in log albedo, as far as it is broad: left over shade."""
    log = np.log(np.clip(rgb.mean(2), 0.004, 1))
    weight = known * known[:, ::-1]
    apart = blur_where((log - log[:, ::-1])[..., None].astype(np.float32), weight, SIZE / 50)[..., 0]
    return float(np.sqrt((weight * apart**2).sum() / max(float(weight.sum()), 1)))


def painted(human: MakeHuman, model: MorphableModel, *, unseen: bool = False) -> Iterator[UInt8[np.ndarray, "size size 3"]]:
    """MakeHuman's skins that trainings may use, or the others, complete; only the face is kept."""
    texels, face = skin_texels(model, SIZE), region(model, "face", SIZE)
    normals = vertex_normals(model.mean, model.mesh.triangles[model.mesh.parts["skin"]])
    kept = texels.inside & (face > 0.1)
    places, ways = (interpolate(texels, model.mesh, values)[kept] for values in (model.mean, normals))
    at = human.texels(places, ways.astype(np.float32))
    for skin in (skin for name, skin in human.skins().items() if skin_is_for_training(name) != unseen):
        rgb = np.zeros((SIZE, SIZE, 3), np.float32)
        rgb[kept] = decode_srgb(sampled(skin, at / SKIN).astype(np.float32) / 255)
        there = cv2.erode((kept & (rgb.max(2) > UNPAINTED)).astype(np.float32), np.ones((5, 5)))
        yield complete(rgb, there * np.clip(2 * face - 0.4, 0, 1), model)


def complete(
    rgb: Float32[np.ndarray, "size size 3"], known: Float32[np.ndarray, "size size"], model: MorphableModel
) -> UInt8[np.ndarray, "size size 3"]:
    """An sRGB-coded skin, which goes on like the mean head's where it is not known."""
    tones = albedo_model(model)
    low, detail = (cv2.resize(each, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for each in (tones.mean, tones.detail))
    usual = np.exp(low + detail)
    ratio = np.log(np.clip(rgb, 0.004, 1) / np.clip(usual, 0.004, 1)).astype(np.float32)
    return to_bytes((usual * np.exp(fill_smooth(ratio, known.astype(np.float32)))).clip(0, 1).astype(np.float32))
