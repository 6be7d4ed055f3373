"""Trains the network on renders whose places are true, beside photographs whose two versions have to agree."""

from pathlib import Path

import numpy as np
import torch
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from jaxtyping import Float, Float64, UInt8
from torch import Tensor

from facetex_core.geometry.landmarks import LEFT_EYE_CORNER, RIGHT_EYE_CORNER
from facetex_core.imaging.face_square import FaceSquare, wide_square_of
from training.common.data import FILES
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed, stacked
from training.common.portraits import basis
from training.common.steps import Run
from training.landmarks.augment import Matrix, degrade, halves, mirror, occlude, perspective, project, stretch, warp_levels
from training.landmarks.labels import Rgb
from training.landmarks.net import CROP
from training.surface_points.data import Photos, Settings, read_photos
from training.surface_points.net import AXES, COEFFICIENTS, FLOOR, SurfaceNet, Upright, take_landmark_net
from training.surface_points.net import export as write
from training.world.model_truth import Row, Truths, lower
from training.world.places import KNOWN, places
from training.world.truths import KnownHeads

SHARES = (0.2, 0.3)
"""Of the first places and of those after the first look."""
TOLERATED = 1.5
"""Percent of the eye distance by which a photograph's places may be away from those that the detector's points name."""
NAMED, AGREES = 0.3, 0.6
"""Weights of a photograph's points, and of the agreement of its versions."""
SURE = 0.15
"""Weight of the likelihood beside distances in percent."""
IDENTITY, DOUBT, SAME, AWAY = 0.5, 0.01, 3.0, 0.5
"""Weights of a head's neutral shape (square millimetres), of the likelihoods of its coefficients, of how far a photograph's
versions are apart beside different photographs, and of the likelihood of the distance."""
COVERED = 0.35
"""Share of crops that something lies over."""
FACE = 80
"""Pixels of a face in a crop."""
Crop = UInt8[np.ndarray, "112 112 3"]


def tensors(pictures: list[Crop]) -> Float[Tensor, "pictures 3 112 112"]:
    """As the network takes them: sRGB-coded in [-0.5, 0.5]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(255).sub(0.5)


def matrix_to(points: Float64[np.ndarray, "places 2"], rng: np.random.Generator) -> tuple[Matrix, bool]:
    """From a picture to a crop laid nearly as in use, and whether it is mirrored."""
    square = wide_square_of(points[LANDMARKS_68])
    centre, side = square.centre + rng.normal(0, 0.025, 2) * square.side, square.side * np.exp(rng.normal(0, 0.07))
    roll = square.roll + (rng.uniform(-0.5, 0.5) if rng.random() < 0.15 else rng.normal(0, 0.08))
    matrix = stretch(rng.normal(0, 0.02), CROP) @ FaceSquare(centre, side, roll).matrix(CROP)
    matrix = perspective(rng, CROP, 0.01) @ matrix if rng.random() < 0.3 else matrix
    mirrored = rng.random() < 0.5
    return (mirror(CROP) @ matrix if mirrored else matrix), mirrored


class Crops:
    """Draws batches."""

    def __init__(self, heads: KnownHeads, first: int, photos: Photos) -> None:
        self.heads, self.first, self.photos, self.flip = heads, first, photos, places().mirror
        self.middle = np.einsum("pk,pkc->pc", *_landmarks()).mean(0)

    def head(self, rng: np.random.Generator, number: int | None = None) -> tuple[Crop, Row]:
        """A rendered head, its places in crop units, whose it is and how far away."""
        number = int(rng.integers(self.first, len(self.heads))) if number is None else number
        row = self.heads.row(number)
        matrix, mirrored = matrix_to(row["places"].astype(np.float64), rng)
        crop = warp_levels(halves(self.heads.picture(number), 2), matrix, CROP)
        laid = project(matrix, row["places"].astype(np.float64)) / CROP
        depth = (row["rotation"] @ self.middle + row["translation"])[2]
        return self._spoiled(crop, rng), {
            "points": laid[self.flip] if mirrored else laid,
            "identity": row["mirrored" if mirrored else "identity"],
            "distance": np.log(depth),
        }

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
        true = {name: _float(values) for name, values in stacked([row for _, row in drawn]).items()}
        back = [np.linalg.inv(matrix) @ np.diag([CROP, CROP, 1.0]) for row in shown for matrix in row[1]]
        return true | {
            "crops": tensors(crops),
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


def _landmarks() -> tuple[np.ndarray, np.ndarray]:
    """Weights and corners of the 68 on the mean head."""
    model, e = basis(with_colour=True), basis(with_colour=True).embedding
    return e.landmark_barycentric, model.mean[model.mesh.triangles[e.landmark_triangles]]


class Task:
    """Places of heads and of photographs."""

    def __init__(self, crops: Crops, settings: Settings) -> None:
        self.crops, self.settings = crops, settings
        self.flip = torch.from_numpy(places().mirror).long()
        model = basis(with_colour=True)
        modes = len(model.identity)
        self.size, self.mirror = torch.from_numpy(lower(model)[:modes]), mirror_of_identity()

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Heads and photographs."""
        return self.crops.batch(self.settings.heads, self.settings.photos, rng)

    def losses(self, net: SurfaceNet, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The sum; the error of heads in %; their likelihood; photographs' distance from what is known, and disagreement.

        Then neutral heads' mean square in square millimetres; how far versions of a photograph are apart beside photographs.
        """
        stages, unsure, person = net(batch["crops"])
        stages, true = [stage.float() for stage in stages], batch["points"]
        heads = len(true)
        scale = (100 / eyes_of(true))[:, None, None]
        errors = [(stage[:heads] - true) * scale for stage in stages]
        squared = (stages[-1][:heads] - true).square().sum(2)
        likelihood = gaussian(squared, unsure[:heads], 2).mean()
        distances = [rounded(error).mean() for error in errors]
        known, disagreement = self._photos(stages, batch, heads)
        weighted = sum(share * each for share, each in zip(SHARES, distances[:-1], strict=True))
        neutral, doubt, away = self._persons([each[:heads] for each in person], batch)
        same = self._same(person[0][heads:], batch["mirrored"])
        total = distances[-1] + weighted + SURE * (8 + likelihood) * 4 + NAMED * known + AGREES * disagreement
        total = total + IDENTITY * neutral + DOUBT * doubt + AWAY * away + SAME * same
        told = {"error": errors[-1].norm(dim=2).mean(), "likelihood": likelihood, "known": known, "disagreement": disagreement}
        return {"loss": total} | told | {"neutral": neutral, "doubt": doubt, "away": away, "same": same}

    def _persons(self, person: list[Tensor], batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Of neutral heads: mean square, likelihood of their coefficients and of the distance; deviations move those alone."""
        identity, deviations, distance = person
        aside = identity - batch["identity"]
        neutral = (aside @ self.size.to(aside.device)).square().sum(1).mean()
        doubt = gaussian(aside.detach().square(), deviations, 1).sum(1).mean()
        return neutral, doubt, gaussian((distance[:, 0] - batch["distance"]).square(), distance[:, 1], 1).mean()

    def _same(self, identity: Float[Tensor, "versions modes"], mirrored: Tensor) -> Tensor:
        """Squares between two versions of a photograph over squares between photographs."""
        turned = torch.where(mirrored[:, None], identity @ self.mirror.to(identity.device), identity)
        sized = turned @ self.size.to(identity.device)
        first, second = sized[::2], sized[1::2]
        within = (first - second).square().sum(1).mean()
        between = 2 * (first - first.mean(0)).square().sum(1).mean()
        return within / (between + 1)

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
        """Of heads that are held out: mean error in %, squares in units of what it said; share and correlation of identity."""
        rng, device = np.random.default_rng(0), next(net.parameters()).device
        drawn = [self.crops.head(rng, number) for number in range(self.crops.first)]
        errors, normal, found, wanted = [], [], [], []
        for start in range(0, len(drawn), 50):
            part = drawn[start : start + 50]
            rows = stacked([row for _, row in part])
            true = _float(rows["points"]).to(device)
            stages, unsure, person = net(tensors([crop for crop, _ in part]).to(device))
            away = stages[-1].float() - true
            errors.append(100 * (away.norm(dim=2) / eyes_of(true)[:, None]).mean())
            normal.append((away.square().sum(2) / 2 * torch.exp(-2 * unsure)).mean())
            found.append(person[0].cpu() @ self.size)
            wanted.append(_float(rows["identity"]) @ self.size)
        p, d = torch.cat(found), torch.cat(wanted)
        both, plain, told = (float((a * b).sum()) for a, b in ((p, d), (d, d), (p, p)))
        figures = {"share": both / plain, "correlation": both / (plain * told + 1e-9) ** 0.5, "slope": both / (told + 1e-9)}
        return {"error": float(torch.stack(errors).mean()), "squares": float(torch.stack(normal).mean())} | figures


def gaussian(squares: Tensor, log_deviation: Tensor, values: int) -> Tensor:
    """Negative logarithm of the likelihood of so many values each, without its constant."""
    return values * log_deviation + 0.5 * squares * torch.exp(-2 * log_deviation)


def mirror_of_identity() -> Float[Tensor, "modes modes"]:
    """`identity @` it is the mirrored head's."""
    return torch.from_numpy(Truths(basis(with_colour=True)).mirror)


def shape_basis(
    crops: Crops, count: int = 2000
) -> tuple[Float[Tensor, " values"], Float[Tensor, "values coefficients"], Upright]:
    """Mean and scaled principal components of drawn places, in crop units; and of the same places upright."""
    rng = np.random.default_rng(0)
    shapes = _float(np.stack([_laid(crops, rng).ravel() for _ in range(count)]))
    _, sizes, directions = torch.pca_lowrank(shapes, COEFFICIENTS, niter=6)
    mean = shapes.mean(0)
    middle = mean.view(-1, 2) - mean.view(-1, 2).mean(0)
    laid = Upright(middle, torch.eye(len(mean)))(shapes.view(count, -1, 2))
    _, spread, axes = torch.pca_lowrank(laid, AXES, niter=6)
    return mean, directions * sizes / len(shapes) ** 0.5, Upright(middle, axes / (spread / len(shapes) ** 0.5).clamp_min(FLOOR))


def _laid(crops: Crops, rng: np.random.Generator) -> Float64[np.ndarray, "places 2"]:
    points = crops.heads.row(int(rng.integers(crops.first, len(crops.heads))))["places"].astype(np.float64)
    matrix, mirrored = matrix_to(points, rng)
    laid = project(matrix, points) / CROP
    return laid[crops.flip] if mirrored else laid


def crops_of(run: Run[Settings]) -> Crops:
    """From the world and the photographs."""
    return Crops(KnownHeads(run.of("world")), run.settings.held_out, read_photos(run))


def blank() -> SurfaceNet:
    """A network to load weights into."""
    count, modes = len(places().triangles), len(basis(with_colour=True).identity)
    upright = Upright(torch.zeros(count, 2), torch.zeros(2 * count, AXES))
    net = SurfaceNet(torch.zeros(2 * count), torch.zeros(2 * count, COEFFICIENTS), upright, modes)
    return take_landmark_net(net, FILES / "landmarks.onnx")


def train(run: Run[Settings]) -> None:
    """From the landmark net and the principal components of the places."""
    crops = crops_of(run)
    torch.manual_seed(run.settings.train.seed)
    net = SurfaceNet(*shape_basis(crops), len(basis(with_colour=True).identity))
    net = take_landmark_net(net, FILES / "landmarks.onnx")
    trained = learn(net, Task(crops, run.settings), run.settings.train, run.work / "train", run.machine)
    save(trained, run.work / "train/weights.npz")


def refine(run: Run[Settings]) -> None:
    """On from `train`, with all pictures that there are by now."""
    net = blank()
    load(net, needed(run.work / "train/weights.npz", "surface_points train"))
    trained = learn(net, Task(crops_of(run), run.settings), run.settings.refine, run.work / "refine", run.machine)
    save(trained, run.work / "refine/weights.npz")


def export(run: Run[Settings]) -> None:
    """Writes surface_points.onnx."""
    write_from(needed(run.work / "refine/weights.npz", "surface_points refine"), run.work / "surface_points.onnx")


def write_from(weights: Path, path: Path) -> None:
    """An ONNX file of weights."""
    net = blank()
    load(net, weights)
    write(net, places(), mirror_of_identity(), path)
