"""Rendered heads with true relief, and the coarse heads that a fit would lay under them."""

from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
from facetex_plugins.detail.finenet import height
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from jaxtyping import Float32
from msgspec import Meta
from tqdm import tqdm

from facetex_core.geometry.camera import project
from facetex_core.geometry.geometry_images import geometry_images
from facetex_core.imaging.face_square import FaceSquare, cropped, grey, square_of
from facetex_core.structures import Camera, Mesh, MorphableModel
from training.common.data import ROOT, save_arrays
from training.common.loop import Schedule
from training.common.making import needed, spread, stacked
from training.common.portraits import basis
from training.common.steps import Run, read_settings
from training.finenet.net import SEEN
from training.world.degrade import degraded
from training.world.model_truth import Row, similar, weights_of
from training.world.places import places
from training.world.settings import Degradation
from training.world.settings import Settings as WorldSettings
from training.world.shards import World, make_shard

FIELDS = ("picture", "depth", "relief", "normals", "label", "shape", "expression", "intrinsics", "world_to_camera")
SKIN = 1
"""Its label in the world's pictures."""
KNOWN_SHARE = (0.2, 1.0)
"""Of a head's own shape that the coarse head has: a fit finds some of it."""
EXPRESSED = (0.6, 1.1)
"""The same of its expression."""
OFF = 0.0015
"""Metres, root mean square, by which a coarse head may be off beyond that, in modes of the basis."""
SEED = 5
"""The world's other pictures have other ones."""
Image = Float32[np.ndarray, "side side"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """settings.toml."""

    heads: Annotated[int, Meta(ge=1)]
    held: Annotated[int, Meta(ge=1)]
    side: Annotated[int, Meta(ge=64, le=1024)]
    yaw: Annotated[float, Meta(ge=0, le=90)]
    crops: Annotated[int, Meta(ge=1)]
    """Of each head, each with a coarse head of its own,"""
    window: Annotated[int, Meta(ge=16, le=SEEN)]
    """and the pixels of the part of one that is learned from at a time."""
    batch: Annotated[int, Meta(ge=1)]
    shading: Annotated[float, Meta(ge=0)]
    train: Schedule
    degradation: Degradation


def pictures(run: Run[Settings]) -> None:
    """Writes shards/*.h5: pictures of the world, larger than its own."""
    s = run.settings
    world = read_settings(WorldSettings, ROOT / "model_zoo/training/world/settings.toml")
    world = msgspec.structs.replace(world, heads=s.heads, side=s.side, yaw=s.yaw, seed=SEED, texels=2 * world.texels)
    assets, folder = needed(run.of("world") / "assets", "world assets"), run.work / "shards"
    jobs = [
        (folder / f"{first:07}.h5", assets, world, first, min(world.shard, s.heads - first))
        for first in range(0, s.heads, world.shard)
    ]
    for path in spread(_make, jobs, run.jobs, "shard"):
        tqdm.write(path.name)


def _make(job: tuple[Path, Path, WorldSettings, int, int]) -> Path:
    return make_shard(*job)


def crops(run: Run[Settings]) -> None:
    """Writes crops/*.npz, a file for each shard that has none yet."""
    folder = run.work / "crops"
    folder.mkdir(exist_ok=True)
    world = World(needed(run.work / "shards", "finenet pictures"), FIELDS)
    paths = [folder / f"{shard.stem}.npz" for shard in world.paths]
    parts = zip(paths, world.starts, world.starts[1:], strict=False)
    jobs = [(world, run.settings, path, range(first, end)) for path, first, end in parts if not path.exists()]
    for path in spread(_cut, jobs, run.jobs, "file"):
        tqdm.write(path.name)


def _cut(job: tuple[World, Settings, Path, range]) -> Path:
    """Each of these heads as often as the settings say."""
    world, settings, path, numbers = job
    heads, rng = Surfaces(world, basis(with_colour=True)), np.random.default_rng(numbers.start)
    save_arrays(path, stacked([heads.crop(number, rng) for number in numbers for _ in range(settings.crops)]))
    return path


class Crops:
    """Those that were written, those of the heads held out first."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        paths = sorted(needed(folder, "finenet crops").glob("*.npz"))
        self.settings, self.held = settings, settings.held * settings.crops
        files = [dict(np.load(path, allow_pickle=False)) for path in paths]
        self.rows = {name: np.concatenate([file[name] for file in files]) for name in files[0]}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows["mask"])

    def whole(self, numbers: np.ndarray) -> Row:
        """As they are."""
        rows = {name: values[numbers] for name, values in self.rows.items()}
        return rows | {"grey": np.stack([grey(picture.astype(np.float32) / 255) for picture in rows.pop("picture")])}

    def batch(self, count: int, rng: np.random.Generator) -> Row:
        """Windows of crops that are learned from, spoiled and perhaps mirrored."""
        numbers = rng.integers(self.held, len(self), count)
        return stacked([self._window(int(number), rng) for number in numbers])

    def _window(self, number: int, rng: np.random.Generator) -> Row:
        side = self.settings.window
        y, x = (int(value) for value in rng.integers(0, SEEN - side + 1, 2))
        step = -1 if rng.random() < 0.5 else 1
        spoiled = degraded(self.rows["picture"][number], self.settings.degradation, rng)
        whole = {name: self.rows[name][number] for name in ("true", "coarse", "mask")}
        whole["grey"] = grey(spoiled.astype(np.float32) / 255)
        return {name: np.ascontiguousarray(value[y : y + side, x : x + side][:, ::step]) for name, value in whole.items()}


class Surfaces:
    """Heads with true relief, and coarse ones laid under them."""

    def __init__(self, world: World, model: MorphableModel) -> None:
        self.world, self.model = world, model
        self.code = np.zeros_like(model.mean)
        self.sizes = np.sqrt((model.identity**2).sum(2).mean(1))
        self.weights = weights_of(model)

    def crop(self, number: int, rng: np.random.Generator) -> Row:
        """One head: `picture`; `true` and `coarse` heights in pixels towards the camera, 0 in the mean; where both are skin."""
        item = self.world[number]
        head = self.model.mean + item["shape"].astype(np.float32)
        moved = head + np.tensordot(item["expression"], self.model.expression, 1)
        side = item["picture"].shape[0]
        camera = Camera(item["intrinsics"], item["world_to_camera"], (side, side))
        points = project(camera, places().of(moved, self.model).astype(np.float32))[LANDMARKS_68]
        square = square_of(points)
        square = FaceSquare(square.centre, square.side * float(np.exp(rng.uniform(-0.5, 0.25))), square.roll)
        near = Camera((square.matrix(SEEN) @ item["intrinsics"]).astype(np.float32), item["world_to_camera"], (SEEN, SEEN))
        coarse, seen = self._depth(near, self._coarse(item, rng))
        true, skin = self._true(item, square)
        mask = cv2.erode((seen & (skin > 0.99)).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        scale = float(near.intrinsics[0, :2] @ near.intrinsics[0, :2]) ** 0.5
        heights = {"true": height(true, mask, scale), "coarse": height(coarse, mask, scale)}
        return heights | {"picture": cropped(item["picture"], square, SEEN), "mask": mask}

    def _coarse(self, item: Row, rng: np.random.Generator) -> Float32[np.ndarray, "vertices 3"]:
        """A head of the basis that knows some of this one, laid onto it as a fit would be."""
        own, expressed = rng.uniform(*KNOWN_SHARE), rng.uniform(*EXPRESSED)
        off = rng.standard_normal(len(self.sizes)) * OFF / np.sqrt(len(self.sizes)) / self.sizes
        wrong = np.tensordot(off.clip(-1, 1), self.model.identity, 1)
        shape, moves = item["shape"].astype(np.float32), np.tensordot(item["expression"], self.model.expression, 1)
        coarse, true = self.model.mean + own * shape + expressed * moves + wrong, self.model.mean + shape + moves
        turn, scale, shift = similar(coarse.astype(np.float64), true.astype(np.float64), self.weights)
        return (scale * coarse @ turn.T + shift).astype(np.float32)

    def _depth(self, camera: Camera, vertices: Float32[np.ndarray, "vertices 3"]) -> tuple[Image, np.ndarray]:
        mesh = self.model.mesh
        skin = mesh.triangles[mesh.parts["skin"]]
        bare = Mesh(vertices, skin, mesh.uvs, skin, {"skin": slice(None)})
        images = geometry_images(camera, vertices, bare, self.code)
        return images.depth, images.mask

    def _true(self, item: Row, square: FaceSquare) -> tuple[Image, Image]:
        """Depth with its relief, which stands along the normals; and how much of a pixel is bare skin."""
        inside = ((item["depth"] > 0) & (item["label"] == SKIN)).astype(np.float32)
        depth = inside * (item["depth"] - item["relief"].astype(np.float32) * np.abs(item["normals"][..., 2]))
        both = cropped(np.dstack([depth, inside, inside]).astype(np.float32), square, SEEN)
        return both[..., 0], both[..., 1]
