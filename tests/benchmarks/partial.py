"""Correlations of a whole bank under a photo's mask, put together from cells, against describing every face again.

facetex bank build PORTRAITS -o X.bank --keep-textures; python tests/benchmarks/partial.py X.bank
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from facetex_model_zoo import model_path, open_bank

from facetex_core import Bank, Descriptor, MorphableModel, Registry, Texture, load_preset
from facetex_core.descriptors.bank import cells_of, under_mask, whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import decode_srgb
from facetex_core.texture.regions import face_crop, face_slices, skin_only, skin_texels


def skin_of(bank: Bank, face: int, model: MorphableModel) -> Texture:
    """An exemplar's plain skin in the face's box."""
    coded = bank.textures[face].astype(np.float32) / 255
    visibility = np.ascontiguousarray(coded[..., 3])
    rgb = decode_srgb(coded[..., :3]) * (visibility > 0)[..., None]
    return face_crop(skin_only(Texture(rgb.astype(np.float32), visibility), model), model)


def masks(model: MorphableModel, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """What a turned head shows, and random holes."""
    mesh = model.mesh
    normals = interpolate(skin_texels(model, size), mesh, vertex_normals(mesh.vertices, mesh.triangles[mesh.parts["skin"]]))
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    box = face_slices(model, size)
    for yaw in (25, 40):
        towards = np.array([np.sin(np.radians(yaw)), 0, np.cos(np.radians(yaw))])
        yield f"yaw {yaw}", (normals @ towards)[box] > 0.25
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(size, size)), (0, 0), 0.03 * size)[box]
    yield "blobs 50 %", noise > np.median(noise)


def hide(texture: Texture, shown: np.ndarray) -> Texture:
    """The texture where it is shown."""
    visibility = (texture.visibility * shown).astype(np.float32)
    return Texture(texture.rgb * (visibility > 0)[..., None], visibility)


def text(errors: list[dict[str, float]]) -> str:
    """Means by layer."""
    return "/".join(f"{np.mean([error[layer] for error in errors]):.3f}" for layer in errors[0])


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--faces", default=30, show_default=True, help="Of the bank, described again.")
@click.option("--targets", default=5, show_default=True, help="Of them, each left out in turn and looked for.")
@click.option("--descriptor", default="small", show_default=True)
@click.option("--solver", default="convex", show_default=True)
def main(file: Path, faces: int, targets: int, descriptor: str, solver: str) -> None:
    """Prints seconds, the error of every exemplar, and the error of the whole that is predicted from either."""
    begin = time.perf_counter()
    bank = open_bank(str(file))
    seconds_read = time.perf_counter() - begin
    print(f"{file.name}: {len(bank.names)} exemplars, {bank.grid} x {bank.grid} cells, read in {seconds_read:.2f} s")
    if not len(bank.textures):
        raise click.ClickException("the bank keeps no textures: facetex bank build FOLDER --keep-textures -o FILE.bank")
    model, registry = load_morphable_model(model_path("face_basis")), Registry()
    extractor = load_preset("embedded").choosing("descriptor_extractor", descriptor).make("descriptor_extractor", registry)
    solve = registry.make("blend_solver", solver, {}).solve
    skins, full = [skin_of(bank, face, model) for face in range(faces)], whole_skin(bank)[:faces]
    print("mask: seconds for the bank; correlations of an exemplar off; predicted whole off: exact, by cells, uniform")
    for name, shown in masks(model, bank.size):
        seconds, off, predicted = [], [], ([], [], [])
        for target in range(targets):
            seen = extractor.describe(hide(skins[target], shown), cells_of(bank.grid, skins[target].size))
            begin = time.perf_counter()
            by_cells = under_mask(bank, seen)
            seconds.append(time.perf_counter() - begin)
            covered = shown & (skins[target].visibility > 0)
            others = [face for face in range(faces) if face != target]
            exact: list[Descriptor] = [extractor.describe(hide(skins[face], covered))[0] for face in others]
            off += [relative_error(by_cells[face], known) for face, known in zip(others, exact, strict=True)]
            wholes = [full[face] for face in others]
            uniform = np.full(len(others), 1 / len(others), np.float32)
            weights = solve(merge(seen), exact), solve(merge(seen), [by_cells[face] for face in others]), uniform
            for errors, each in zip(predicted, weights, strict=True):
                errors.append(relative_error(mix(wholes, each), full[target]))
        print(
            f"{name:10}: {np.median(seconds):.3f} s; {text(off)}; {', '.join(text(errors) for errors in predicted)}", flush=True
        )


if __name__ == "__main__":
    main()
