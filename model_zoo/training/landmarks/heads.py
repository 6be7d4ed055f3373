"""Heads sampled from the face basis, rendered, with the places of the teachers' points on them as true points."""

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from facetex_core.geometry.raycast import Scene
from facetex_core.lighting.panorama import read_panorama
from facetex_core.structures import Embedding, MorphableModel
from training.common.data import DATA
from training.common.portraits import load_textures
from training.landmarks.labels import Row, eye_distance, face_square, flip_indices, teachers
from training.landmarks.sampler import Sampler, View, embedded, render
from training.landmarks.turned import MOST

HEADS, ROUNDS = 60, 3
GREY = 128


@cache
def sampler(skins: Path) -> Sampler:
    """One of this process, with the skins of a folder."""
    return Sampler(load_textures(skins), [read_panorama(path) for path in sorted((DATA / "hdri").glob("*.hdr"))])


def shown_offset(source: Sampler, marks: Embedding, number: int) -> Float64[np.ndarray, "536 2"]:
    """Metres to the subject's left and up from the marks to the teachers' points on one head, at rest, from ahead."""
    head = source.head(np.random.default_rng(number), marks, plain=True)
    view = View(head, 0.0, 0.0, 8.0)
    picture = render(source.model, head, view)
    rgb = np.where(picture[..., 3:] > 0, picture[..., :3], GREY).astype(np.uint8)
    points = view.project(head.points)[:, :2]
    dense, _, sparse = teachers().label(rgb, face_square(points), number)
    metres = eye_distance(head.points) / eye_distance(points)
    return (np.concatenate([dense[:, :2], sparse]) - points) * [metres, -metres]


def seen_marks(source: Sampler, heads: int = HEADS) -> Embedding:
    """The skin's points nearest to those moved by the median over such heads, the same on both sides, in some rounds."""
    model, flip = source.model, flip_indices()
    marks = model.embedding
    for _ in range(ROUNDS):
        middle = np.median([shown_offset(source, marks, number) for number in range(heads)], axis=0)
        moved = embedded(model, marks, model.mean)
        moved[:, :2] += (middle + middle[flip] * [-1, 1]) / 2
        marks = on_skin(model, moved)
    return marks


def on_skin(model: MorphableModel, points: Float64[np.ndarray, "536 3"]) -> Embedding:
    """The nearest places of the mean head's skin."""
    skin = model.mesh.parts["skin"]
    triangles, weights = Scene(model.mean, model.mesh.triangles[skin]).nearest(points.astype(np.float32))
    triangles = np.arange(len(model.mesh.triangles), dtype=np.int32)[skin][triangles]
    return Embedding(triangles[468:], weights[468:], triangles[:468], weights[:468])


def views(item: tuple[int, int], skins: Path, marks: Embedding, count: int) -> list[Row]:
    """Pictures of one head, whose seed and number draw it, one in every part of the range of yaws."""
    source, rng = sampler(skins), np.random.default_rng(item)
    head, made = source.head(rng, marks), []
    for index in range(count):
        yaw = np.radians(MOST * (index + rng.uniform()) / count) * rng.choice([-1, 1])
        view = View(head, yaw, np.radians(rng.normal(0, 9)), rng.uniform(4, 12))
        points, eyes = view.project(head.points)[:, :2], view.scale * eye_distance(head.points)
        made.append({"rgba": render(source.model, head, view), "points": points, "eyes": np.array(eyes), "yaw": np.array(yaw)})
    return made
