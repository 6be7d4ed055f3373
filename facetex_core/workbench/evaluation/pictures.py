"""Sheets of pictures: fits over photos and their distance from the truth, albedos, and what was made of hidden skin."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.imaging.colour import to_bytes
from facetex_core.lazy import cv2
from facetex_core.structures import Camera, MorphableModel, Texture
from facetex_core.texture.regions import face_crop
from facetex_core.workbench.evaluation.albedo import AlbedoAttempt
from facetex_core.workbench.evaluation.evaluate import Attempt
from facetex_core.workbench.evaluation.leave_one_out import Subject, Trial
from facetex_core.workbench.evaluation.suite import Case
from facetex_core.workbench.evaluation.synthetic_render import unit_rays

SHEET_SIDE = 300
"""Pixels of a picture on the sheet."""
WARMEST = 0.004
"""Metres that are shown by the warmest colour."""
FACES = 2
"""Rows of cases side by side on a sheet."""

Pixels = UInt8[np.ndarray, "height width 3"]


def row_of(case: Case, attempts: Sequence[Attempt]) -> UInt8[np.ndarray, "side wide 3"]:
    """The photo, then for each fitter the mesh over the photo and the heat map on the true mesh."""
    photo = to_bytes(case.photo.rgb)
    tiles = [tile(photo, case.name)]
    for attempt in attempts:
        score = attempt.score
        tiles.append(tile(photo if attempt.fit is None else _overlay(photo, attempt), f"{score.fitter} {score.failed[:30]}"))
        if attempt.distances is not None:
            text = f"{score.surface_mm:.2f} mm" + (f"  {score.pose_deg:.1f} deg" if score.pose_deg is not None else "")
            tiles.append(tile(_heat(photo, case, attempt), text))
    return np.concatenate(tiles, 1)


def albedo_row(case: Case, attempts: Sequence[AlbedoAttempt], model: MorphableModel) -> UInt8[np.ndarray, "side wide 3"]:
    """The photo, the true albedo over the fitted map, and what each delighter made of the photo."""
    tiles = [tile(to_bytes(case.photo.rgb), case.name)]
    true = next((attempt.true for attempt in attempts if attempt.true is not None), None)
    if true is not None:
        tiles.append(tile(to_bytes(face_crop(true, model).rgb), "true"))
    for attempt in attempts:
        score = attempt.score
        if attempt.found is None:
            tiles.append(tile(np.zeros((SHEET_SIDE, SHEET_SIDE, 3), np.uint8), f"{score.delighter} {score.failed[:30]}"))
        else:
            text = f"{score.delighter}  {score.seen_db:.1f} dB  tone {score.tone:.1f}"
            tiles.append(tile(to_bytes(face_crop(attempt.found, model).rgb), text))
    return np.concatenate(tiles, 1)


def hidden_row(subject: Subject, trial: Trial, deciding: str) -> UInt8[np.ndarray, "side wide 3"]:
    """The face's box of its albedo, what was shown of it, and what each synthesizer made of that, with its deciding measure."""

    def box(texture: Texture, text: str) -> UInt8[np.ndarray, "side side 3"]:
        return tile(to_bytes(face_crop(texture, subject.fit.model).rgb), text)

    made = [box(texture, f"{name} {trial.errors[name][deciding]:.2f}") for name, texture in trial.found.items()]
    return np.concatenate([box(subject.albedo, subject.name), box(trial.shown, trial.part), *made], 1)


def sheet(rows: Sequence[UInt8[np.ndarray, "row _ 3"]]) -> Pixels:
    """All rows, in columns."""
    wide = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, wide - row.shape[1]), (0, 0))) for row in rows]
    padded += [np.zeros_like(padded[0])] * (-len(padded) % FACES)
    high = len(padded) // FACES
    return np.concatenate([np.concatenate(padded[k * high : (k + 1) * high]) for k in range(FACES)], 1)


def save_sheet(file: Path, pixels: Pixels) -> None:
    """As JPEG, in a folder that is made."""
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, quality=88)


def _overlay(photo: Pixels, attempt: Attempt) -> Pixels:
    fit = attempt.fit
    assert fit is not None  # noqa: S101  # the caller has looked
    triangles = fit.model.mesh.triangles[fit.model.mesh.parts["skin"]]
    grey = np.repeat(_shading(vertex_normals(fit.vertices, triangles), fit.camera)[:, None], 3, 1)
    return _drawn(photo, fit.vertices, triangles, grey, fit.camera)


def _heat(photo: Pixels, case: Case, attempt: Attempt) -> Pixels:
    mesh, face, distances = case.truth.mesh, case.truth.face, attempt.distances
    assert mesh is not None  # noqa: S101  # distances are from it
    assert distances is not None  # noqa: S101
    camera = case.truth.camera or (attempt.fit.camera if attempt.fit else None)
    assert camera is not None  # noqa: S101
    level = np.zeros(len(mesh.vertices), np.uint8)
    level[slice(None) if face is None else face] = np.rint(255 * np.clip(distances / WARMEST, 0, 1))
    colour = cv2.applyColorMap(level[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1] / np.float32(255)
    known = np.zeros(len(mesh.vertices), bool)
    known[slice(None) if face is None else face] = True
    triangles = mesh.triangles[next(iter(mesh.parts.values()))]
    shading = _shading(vertex_normals(mesh.vertices, triangles), camera)[:, None]
    colour = np.where(known[:, None], colour * (0.5 + 0.5 * shading), 0.5 * shading).astype(np.float32)
    return _drawn(np.full_like(photo, 30), mesh.vertices, triangles, colour, camera, solid=1.0)


def _shading(normals: Float32[np.ndarray, "vertices 3"], camera: Camera) -> Float32[np.ndarray, "vertices"]:
    """Brightest where the surface faces the camera."""
    return np.asarray(np.clip(-(normals @ camera.world_to_camera[2, :3]), 0, 1), np.float32)


def _drawn(
    picture: Pixels,
    vertices: Float32[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    colours: Float32[np.ndarray, "vertices 3"],
    camera: Camera,
    solid: float = 0.6,
) -> Pixels:
    """The coloured mesh over the picture."""
    rays = unit_rays(camera, slice(0, camera.size[1]), 1)
    found, weights, _ = Scene(vertices, triangles).first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    result = picture.reshape(-1, 3).astype(np.float32)
    hit = found >= 0
    colour = np.einsum("pk,pkc->pc", weights[hit], colours[triangles[found[hit]]])
    result[hit] = (1 - solid) * result[hit] + solid * 255 * colour
    return np.rint(result).clip(0, 255).astype(np.uint8).reshape(picture.shape)


def tile(picture: Pixels, text: str) -> UInt8[np.ndarray, "side side 3"]:
    """The picture in a square, with a line of text."""
    scale = SHEET_SIDE / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tile = np.zeros((SHEET_SIDE, SHEET_SIDE, 3), np.uint8)
    top, left = (SHEET_SIDE - small.shape[0]) // 2, (SHEET_SIDE - small.shape[1]) // 2
    tile[top : top + small.shape[0], left : left + small.shape[1]] = small[:SHEET_SIDE, :SHEET_SIDE]
    return np.asarray(cv2.putText(tile, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1, cv2.LINE_AA))
