"""Renders heads sampled from the face basis, with the places of the teachers' points on them as true points."""

from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import Float64

from facetex_core.geometry.raycast import Scene
from facetex_core.structures import Embedding, MorphableModel
from training.common.portraits import load_textures
from training.landmarks.labels import FLIP_68, Teachers, face_square, flip_468
from training.landmarks.sampler import Sampler, View, embedded, render
from training.landmarks.turned import MOST

HEADS, ROUNDS = 60, 3
GREY = 128


def shown_offsets(sampler: Sampler, teachers: Teachers) -> Float64[np.ndarray, "536 2"]:
    """Metres to the subject's left and up from the embedded points to the teachers': medians over heads at rest, from ahead."""
    seen = []
    for seed in range(HEADS):
        head = sampler.head(plain=True)
        view = View(head, 0.0, 0.0, 8.0)
        picture = render(sampler.model, head, view)
        rgb = np.where(picture[..., 3:] > 0, picture[..., :3], GREY).astype(np.uint8)
        points = view.project(head.points)[:, :2]
        dense, _, sparse = teachers.label(rgb, face_square(points[:468]), seed)
        apart = np.concatenate([dense[:, :2], sparse]) - points
        metres = np.linalg.norm(head.points[33] - head.points[263]) / np.linalg.norm(points[33] - points[263])
        seen.append(apart * [metres, -metres])
    middle = np.median(seen, axis=0)
    flip = np.concatenate([flip_468(), FLIP_68 + 468])
    return (middle + middle[flip] * [-1, 1]) / 2


def taught(sampler: Sampler, teachers: Teachers) -> Embedding:
    """The skin's points nearest to the moved ones."""
    model = sampler.model
    for _ in range(ROUNDS):
        moved = embedded(model, sampler.embedding, model.mean)
        moved[:, :2] += shown_offsets(sampler, teachers)
        sampler.embedding = _on_skin(model, moved)
    return sampler.embedding


def _on_skin(model: MorphableModel, points: Float64[np.ndarray, "536 3"]) -> Embedding:
    triangles, weights = Scene(model.mean, model.mesh.triangles[model.mesh.parts["skin"]]).nearest(points.astype(np.float32))
    return Embedding(triangles[468:], weights[468:], triangles[:468], weights[:468])


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches.")
@click.option("--count", default=300, show_default=True, help="Heads.")
@click.option("--views", default=5, show_default=True, help="Pictures of every head.")
@click.option("--folder", default="bank", show_default=True, help="Whose skins, from WORK/textures_FOLDER.")
@click.option("--seed", default=0, show_default=True)
def main(work: Path, count: int, views: int, folder: str, seed: int) -> None:
    """Writes heads_FOLDER.npz with the keys of turned_FOLDER.npz."""
    cv2.setNumThreads(1)
    sampler = Sampler(load_textures(work / f"textures_{folder}"), seed)
    sampler.embedding = taught(Sampler(load_textures(work / "textures_bank"), 0), Teachers())
    rng, rows = sampler.rng, {"rgba": [], "points": [], "eyes": [], "yaw": []}
    for _ in range(count):
        head = sampler.head()
        for index in range(views):
            low, high = MOST * np.array([index, index + 1]) / views
            yaw = np.radians(rng.uniform(low, high)) * rng.choice([-1, 1])
            view = View(head, yaw, np.radians(rng.normal(0, 9)), rng.uniform(4, 12))
            eyes = view.scale * np.linalg.norm(head.points[33] - head.points[263])
            parts = (render(sampler.model, head, view), view.project(head.points)[:, :2], eyes, yaw)
            for key, value in zip(rows, parts, strict=True):
                rows[key].append(value)
    np.savez(work / f"heads_{folder}.npz", **{key: np.stack(value) for key, value in rows.items()})
    click.echo(f"{count * views} pictures of heads")


if __name__ == "__main__":
    main()
