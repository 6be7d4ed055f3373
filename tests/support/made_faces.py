"""Pictures with points in the format of the landmarks' folder of work, made up."""

import numpy as np
from training.landmarks import labels

SIZE = 64


def points_in(size: float, rng: np.random.Generator) -> np.ndarray:
    """468 + 68 points over the middle of a square picture, upright, nearly the same for all."""
    points = np.random.default_rng(0).uniform(0.3, 0.7, (536, 2)) + rng.normal(0, 0.01, (536, 2))
    points[[33, 263, 10, 152]] = (0.3, 0.4), (0.7, 0.4), (0.5, 0.2), (0.5, 0.8)
    return points * size


def write_canonical(folder, monkeypatch) -> np.ndarray:
    """A canonical face in the place of MediaPipe's: 468 points, each with one on the other side."""
    half = np.random.default_rng(0).uniform(0.1, 5, (234, 3))
    vertices = np.concatenate([half, half * [-1, 1, 1]])
    path = folder / "models/landmarks/canonical_face_model.obj"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"v {x} {y} {z}\n" for x, y, z in vertices), "utf-8")
    monkeypatch.setattr(labels, "DATA", folder)
    return vertices


def write_caches(folder, rng: np.random.Generator) -> None:
    """What the steps before a training leave behind: three pictures a file."""
    points = np.stack([points_in(SIZE, rng) for _ in range(3)])
    pictures = rng.integers(0, 256, (3, SIZE, SIZE, 4), np.uint8)
    dense = np.concatenate([points[:, :468], rng.normal(0, 5, (3, 468, 1))], 2)
    for name in ("bank", "morphs", "dev", "extra"):
        np.savez(folder / f"{name}.npz", rgb=pictures[..., :3], mask=pictures[..., 3], dense=dense, mixed=points[:, 468:])
    for name in ("turned_bank", "turned_morphs", "heads_bank"):
        np.savez(folder / f"{name}.npz", rgba=pictures, points=points, eyes=np.ones(3), yaw=np.zeros(3))
    np.savez(folder / "backgrounds.npz", **{f"{number}": rng.integers(0, 256, (90, 70, 3), np.uint8) for number in range(3)})


def write_mined(folder, rng: np.random.Generator) -> None:
    """Two false faces."""
    np.save(folder / "mined.npy", rng.integers(0, 256, (2, 112, 112, 3), np.uint8))
