"""Trains the network on renders whose places are true, beside photographs whose two versions have to agree."""

from pathlib import Path

import numpy as np
import torch
from facetex_plugins.fit.feedback.face_square import FaceSquare, square_of
from jaxtyping import Float, Float64, UInt8
from torch import Tensor

from facetex_core.geometry.landmarks import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from training.common.data import FILES
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed
from training.common.steps import Run
from training.landmarks.augment import Matrix, degrade, halves, mirror, occlude, perspective, project, stretch, warp_levels
from training.landmarks.labels import Rgb
from training.landmarks.net import CROP
from training.surface_points.data import Photos, Renders, Settings, read_photos
from training.surface_points.net import COEFFICIENTS, WIDER, SurfaceNet, take_landmark_net
from training.surface_points.net import export as write
from training.surface_points.places import places

SHARES = (0.2, 0.3)
"""Of the first places and of those after the first look."""
TOLERATED = 1.5
"""Percent of the eye distance by which a photograph's places may be away from those that the detector's points name."""
NAMED, AGREES = 0.3, 0.6
"""Weights of a photograph's points, and of the agreement of its versions."""
SURE = 0.15
"""Weight of the likelihood beside distances in percent."""
COVERED = 0.35
"""Share of crops that something lies over."""
KNOWN, SPARSE = 536, slice(468, 536)
"""Places that the detector has names for, and the 68 among them."""
FACE = 80
"""Pixels of a face in a crop."""
Crop = UInt8[np.ndarray, "112 112 3"]


def tensors(pictures: list[Crop]) -> Float[Tensor, "pictures 3 112 112"]:
    """As the network takes them: sRGB-coded in [-0.5, 0.5]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(255).sub(0.5)


def matrix_to(points: Float64[np.ndarray, "places 2"], rng: np.random.Generator) -> tuple[Matrix, bool]:
    """From a picture to a crop laid nearly as in use, and whether it is mirrored."""
    square = square_of(points[SPARSE])
    centre, side = square.centre + rng.normal(0, 0.03, 2) * square.side, square.side * WIDER * np.exp(rng.normal(0, 0.07))
    roll = square.roll + (rng.uniform(-0.5, 0.5) if rng.random() < 0.15 else rng.normal(0, 0.08))
    matrix = stretch(rng.normal(0, 0.02), CROP) @ FaceSquare(centre, side, roll).matrix(CROP)
    matrix = perspective(rng, CROP, 0.01) @ matrix if rng.random() < 0.3 else matrix
    mirrored = rng.random() < 0.5
    return (mirror(CROP) @ matrix if mirrored else matrix), mirrored


class Crops:
    """Draws batches."""

    def __init__(self, renders: Renders, first: int, photos: Photos) -> None:
        self.renders, self.first, self.photos, self.flip = renders, first, photos, places().mirror

    def head(self, rng: np.random.Generator, number: int | None = None) -> tuple[Crop, Float64[np.ndarray, "places 2"]]:
        """A rendered head, and its places in crop units."""
        picture, points = self.renders[int(rng.integers(self.first, len(self.renders))) if number is None else number]
        matrix, mirrored = matrix_to(points, rng)
        crop = warp_levels(halves(picture, 2), matrix, CROP)
        laid = project(matrix, points) / CROP
        return self._spoiled(crop, rng), laid[self.flip] if mirrored else laid

    def photo(self, rng: np.random.Generator) -> tuple[list[Crop], list[Matrix], list[bool], Float64[np.ndarray, "2 536 2"]]:
        """Two versions of a photograph: crops, the maps to them, whether they are mirrored, and its known places in each."""
        which = int(rng.integers(len(self.photos[0])))
        rgb, points = self.photos[0][which], self.photos[1][which]
        laid = [matrix_to(points, rng) for _ in range(2)]
        levels = halves(rgb, 3)
        crops = [self._spoiled(warp_levels(levels, matrix, CROP), rng) for matrix, _ in laid]
        known = [project(matrix, points) / CROP for matrix, _ in laid]
        known = [each[self.flip[:KNOWN]] if mirrored else each for each, (_, mirrored) in zip(known, laid, strict=True)]
        return crops, [matrix for matrix, _ in laid], [mirrored for _, mirrored in laid], np.stack(known)

    def _spoiled(self, crop: Crop, rng: np.random.Generator) -> Crop:
        if rng.random() < COVERED:
            crop = occlude(crop, self._patch(rng), rng)
        return degrade(crop, rng, FACE)

    def _patch(self, rng: np.random.Generator) -> Rgb:
        """A piece of some photograph."""
        rgb = self.photos[0][int(rng.integers(len(self.photos[0])))]
        y, x = rng.integers(0, rgb.shape[0] - CROP, 2)
        return rgb[y : y + CROP, x : x + CROP]

    def batch(self, heads: int, photos: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Heads first, then both versions of each photograph."""
        drawn, shown = [self.head(rng) for _ in range(heads)], [self.photo(rng) for _ in range(photos)]
        crops = [crop for crop, _ in drawn] + [crop for row in shown for crop in row[0]]
        back = [np.linalg.inv(matrix) @ np.diag([CROP, CROP, 1.0]) for row in shown for matrix in row[1]]
        return {
            "crops": tensors(crops),
            "points": _float(np.stack([points for _, points in drawn])),
            "known": _float(np.concatenate([row[3] for row in shown])),
            "back": _float(np.stack(back)),
            "mirrored": torch.tensor([each for row in shown for each in row[2]]),
        }


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def eyes_of(points: Float[Tensor, "faces points 2"]) -> Float[Tensor, " faces"]:
    """Between the outer eye corners, not less than a third of what it is from ahead in a crop laid as in use."""
    return (points[:, RIGHT_EYE_CORNER] - points[:, LEFT_EYE_CORNER]).norm(dim=1).clamp_min(0.15)


def rounded(error: Float[Tensor, "faces points 2"]) -> Float[Tensor, "faces points"]:
    """Its length, rounded off at nought: percent."""
    return (error.square().sum(2) + 0.25).sqrt()


class Task:
    """Places of heads and of photographs."""

    def __init__(self, crops: Crops, settings: Settings) -> None:
        self.crops, self.settings = crops, settings
        self.flip = torch.from_numpy(places().mirror).long()

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Heads and photographs."""
        return self.crops.batch(self.settings.heads, self.settings.photos, rng)

    def losses(self, net: SurfaceNet, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The sum; the error of heads in %; their likelihood; photographs' distance from what is known, and disagreement."""
        stages, unsure = net(batch["crops"])
        stages, true = [stage.float() for stage in stages], batch["points"]
        heads = len(true)
        scale = (100 / eyes_of(true))[:, None, None]
        errors = [(stage[:heads] - true) * scale for stage in stages]
        squared = (stages[-1][:heads] - true).square().sum(2)
        sure = unsure[:heads]
        likelihood = (2 * sure + 0.5 * squared * torch.exp(-2 * sure)).mean()
        distances = [rounded(error).mean() for error in errors]
        known, disagreement = self._photos(stages, batch, heads)
        weighted = sum(share * each for share, each in zip(SHARES, distances[:-1], strict=True))
        total = distances[-1] + weighted + SURE * (8 + likelihood) * 4 + NAMED * known + AGREES * disagreement
        error = errors[-1].norm(dim=2).mean()
        return {"loss": total, "error": error, "likelihood": likelihood, "known": known, "disagreement": disagreement}

    def _photos(self, stages: list[Tensor], batch: dict[str, Tensor], heads: int) -> tuple[Tensor, Tensor]:
        last, known = stages[-1][heads:], batch["known"]
        scale = 100 / eyes_of(known)
        named = ((last[:, :KNOWN] - known) * scale[:, None, None]).norm(dim=2)
        beyond = torch.relu(named - TOLERATED).mean()
        flipped = torch.where(batch["mirrored"][:, None, None], last[:, self.flip], last)
        whole = torch.cat([flipped, torch.ones_like(flipped[..., :1])], 2) @ batch["back"].transpose(1, 2)
        back = whole[..., :2] / whole[..., 2:]
        eyes = (back[::2, RIGHT_EYE_CORNER] - back[::2, LEFT_EYE_CORNER]).norm(dim=1).detach().clamp_min(20)
        apart = (back[::2] - back[1::2]) * (100 / eyes)[:, None, None]
        return beyond, rounded(apart).mean()

    def judge(self, net: SurfaceNet) -> dict[str, float]:
        """Mean error in % of heads that are held out, and the mean of squared errors in units of what it said."""
        rng, device = np.random.default_rng(0), next(net.parameters()).device
        drawn = [self.crops.head(rng, number) for number in range(self.crops.first)]
        errors, normal = [], []
        for start in range(0, len(drawn), 50):
            part = drawn[start : start + 50]
            true = _float(np.stack([points for _, points in part])).to(device)
            stages, unsure = net(tensors([crop for crop, _ in part]).to(device))
            away = stages[-1].float() - true
            errors.append(100 * (away.norm(dim=2) / eyes_of(true)[:, None]).mean())
            normal.append((away.square().sum(2) / 2 * torch.exp(-2 * unsure)).mean())
        return {"error": float(torch.stack(errors).mean()), "squares": float(torch.stack(normal).mean())}


def shape_basis(crops: Crops, count: int = 2000) -> tuple[Float[Tensor, " values"], Float[Tensor, "values coefficients"]]:
    """Mean and scaled principal components of drawn places, in crop units."""
    rng = np.random.default_rng(0)
    shapes = _float(np.stack([_laid(crops, rng).ravel() for _ in range(count)]))
    _, sizes, directions = torch.pca_lowrank(shapes, COEFFICIENTS, niter=6)
    return shapes.mean(0), directions * sizes / len(shapes) ** 0.5


def _laid(crops: Crops, rng: np.random.Generator) -> Float64[np.ndarray, "places 2"]:
    _, points = crops.renders[int(rng.integers(crops.first, len(crops.renders)))]
    matrix, mirrored = matrix_to(points, rng)
    laid = project(matrix, points) / CROP
    return laid[crops.flip] if mirrored else laid


def crops_of(run: Run[Settings]) -> Crops:
    """From the world and the photographs."""
    return Crops(Renders(needed(run.of("world") / "shards", "world render")), run.settings.held_out, read_photos(run))


def blank() -> SurfaceNet:
    """A network to load weights into."""
    count = 2 * len(places().triangles)
    return take_landmark_net(SurfaceNet(torch.zeros(count), torch.zeros(count, COEFFICIENTS)), FILES / "landmarks.onnx")


def train(run: Run[Settings]) -> None:
    """From the landmark net and the principal components of the places."""
    crops = crops_of(run)
    torch.manual_seed(run.settings.train.seed)
    net = take_landmark_net(SurfaceNet(*shape_basis(crops)), FILES / "landmarks.onnx")
    trained = learn(net, Task(crops, run.settings), run.settings.train, run.work / "train", run.machine)
    save(trained, run.work / "train/weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes surface_points.onnx."""
    write_from(needed(run.work / "train/weights.npz", "surface_points train"), run.work / "surface_points.onnx")


def write_from(weights: Path, path: Path) -> None:
    """An ONNX file of weights."""
    net = blank()
    load(net, weights)
    write(net, torch.from_numpy(places().mirror).long(), path)
