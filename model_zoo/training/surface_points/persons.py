"""Teaches the network whose places it sees, on heads that its places were not learned from.

A network finds the places of pictures that it learned from better than those of others. What tells the person has to know how
far off places are in a picture that is new, and which errors go together: so it is learned on other heads, from what the
network makes of their crops. Then its answer is the expectation of the person given those places, and its deviations are true.
"""

import click
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from training.common.data import save_arrays
from training.common.export import load, save
from training.common.loop import learn
from training.common.making import needed, stacked
from training.common.portraits import basis
from training.common.steps import Run
from training.surface_points.data import Settings
from training.surface_points.net import Person, SurfaceNet
from training.surface_points.train import AWAY, DOUBT, SAME, Crops, blank, crops_of, gaussian, mirror_of_identity, tensors
from training.world.model_truth import Row, lower

SEED = 3
PHOTOS = 48
"""Photographs of a batch, in two versions."""
AT_ONCE = 50


def looks(run: Run[Settings]) -> None:
    """Writes looks.npz: what the network makes of crops of heads held out, of the others, and of photographs."""
    torch.set_num_threads(run.machine.threads)
    crops, net = crops_of(run), blank()
    load(net, needed(run.work / "train/weights.npz", "surface_points train"))
    others = [*range(crops.taught.start), *range(crops.taught.stop, len(crops.heads))]
    if len(others) == crops.taught.start:
        told = f"all {len(crops.heads)} pictures taught places; more, or a smaller number of `taught`, are needed"
        raise click.UsageError(f"{told}: python -m training.world render")
    rng, views = np.random.default_rng(SEED), run.settings.views
    rows = [_looked(net, [crops.head(rng, number) for _ in range(views)]) for number in tqdm(others, unit="head")]
    shown = [_photo(net, crops, rng, number) for number in tqdm(range(len(crops.photos[0])), unit="photo")]
    heads, photos = ({name: np.concatenate([row[name] for row in part]) for name in part[0]} for part in (rows, shown))
    save_arrays(run.work / "looks.npz", heads | {f"photo_{name}": value for name, value in photos.items()})


@torch.no_grad()
def _seen(net: SurfaceNet, crops: list[np.ndarray]) -> Row:
    points, _, known = net.seen(tensors(crops))
    return {"seen": net.person.upright(points[-1]).numpy(), "known": known.numpy()}


def _looked(net: SurfaceNet, drawn: list[tuple[np.ndarray, Row]]) -> Row:
    true = stacked([{name: row[name] for name in ("identity", "distance")} for _, row in drawn])
    return {name: value.astype(np.float32) for name, value in (_seen(net, [crop for crop, _ in drawn]) | true).items()}


def _photo(net: SurfaceNet, crops: Crops, rng: np.random.Generator, number: int) -> Row:
    pictures, _, mirrored, _ = crops.photo(rng, number)
    return _seen(net, pictures) | {"mirrored": np.array(mirrored)}


class Persons:
    """Who is told from what the network sees."""

    def __init__(self, rows: dict[str, Tensor], settings: Settings) -> None:
        self.rows, self.settings = rows, settings
        model = basis(with_colour=True)
        self.size, self.mirror = torch.from_numpy(lower(model)[: len(model.identity)]), mirror_of_identity()
        self.held = settings.held_out * settings.views

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Crops of heads, then two of each of some photographs."""
        which = torch.from_numpy(rng.integers(self.held, len(self.rows["seen"]), self.settings.persons_batch))
        photos = rng.integers(len(self.rows["photo_seen"]) // 2, size=PHOTOS)
        both = torch.from_numpy(np.stack([2 * photos, 2 * photos + 1], 1).ravel())
        taken = {name: self.rows[name][which] for name in ("identity", "distance")}
        joined = {name: torch.cat([self.rows[name][which], self.rows[f"photo_{name}"][both]]) for name in ("seen", "known")}
        return taken | joined | {"mirrored": self.rows["photo_mirrored"][both]}

    def losses(self, net: Person, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The sum; mean square of neutral heads in square millimetres; likelihoods; versions of a photograph beside others."""
        count = len(batch["identity"])
        identity, deviations, distance = net.tell(batch["seen"].float(), batch["known"].float())
        aside = identity[:count] - batch["identity"]
        neutral = (aside @ self.size).square().sum(1).mean()
        doubt = gaussian(aside.detach().square(), deviations[:count], 1).sum(1).mean()
        away = gaussian((distance[:count, 0] - batch["distance"]).square(), distance[:count, 1], 1).mean()
        same = self._same(identity[count:], batch["mirrored"])
        return {"loss": neutral + DOUBT * doubt + AWAY * away + SAME * same, "neutral": neutral, "doubt": doubt, "same": same}

    def _same(self, identity: Float[Tensor, "versions modes"], mirrored: Tensor) -> Tensor:
        sized = torch.where(mirrored[:, None], identity @ self.mirror, identity) @ self.size
        first, second = sized[::2], sized[1::2]
        return (first - second).square().sum(1).mean() / (2 * (first - first.mean(0)).square().sum(1).mean() + 1)

    def judge(self, net: Person) -> dict[str, float]:
        """Of heads held out: share, correlation, slope; squares of coefficients in units of what it said; the distance's."""
        held = slice(0, self.held)
        told, deviations, distance = net.tell(self.rows["seen"][held], self.rows["known"][held])
        p, d = told @ self.size, self.rows["identity"][held] @ self.size
        both, plain, found = (float((a * b).sum()) for a, b in ((p, d), (d, d), (p, p)))
        squares = ((told - self.rows["identity"][held]).square() * torch.exp(-2 * deviations)).mean()
        off = distance[:, 0] - self.rows["distance"][held]
        return {
            "share": both / plain,
            "correlation": both / (plain * found) ** 0.5,
            "slope": both / found,
            "squares": float(squares),
            "distance": float(off.std()),
        }


def persons(run: Run[Settings]) -> None:
    """Writes persons/weights.npz: the whole network, whose last layers are new."""
    with np.load(needed(run.work / "looks.npz", "surface_points looks"), allow_pickle=False) as arrays:
        rows = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    net = blank()
    load(net, needed(run.work / "train/weights.npz", "surface_points train"))
    torch.manual_seed(run.settings.persons.seed)
    fresh = Person(net.person.upright, net.person.modes)
    net.person = learn(fresh, Persons(rows, run.settings), run.settings.persons, run.work / "persons", run.machine)
    save(net, run.work / "persons/weights.npz")
