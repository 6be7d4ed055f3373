"""Both networks end to end (Richardson 2017): the error of the fine depth goes through the rendering layer into CoarseNet.

`python -m training.finenet together` trains on from the two files, once so and once stage by stage, CoarseNet standing still,
and prints what each ends in. Nothing that ships comes of it.
"""

from dataclasses import dataclass

import click
import numpy as np
import torch
from facetex_plugins.fit.feedback.channels import feedback, network_picture, thinned
from facetex_plugins.fit.feedback.estimate import FRONT, REACH, SEEN_SIDE, START, principal_of, start
from facetex_plugins.fit.points.surface_net import LANDMARKS_68
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from facetex_core.geometry.camera import project
from facetex_core.imaging.colour import decode_srgb, luminance
from facetex_core.imaging.face_square import cropped, grey, wide_square_of
from facetex_core.structures import Camera, MorphableModel
from training.coarsenet.net import CoarseNet
from training.coarsenet.train import blank, taken, turn
from training.common.data import FILES
from training.common.export import load
from training.common.loop import learn
from training.common.making import needed, stacked
from training.common.portraits import basis
from training.common.render_layer import render_layers
from training.common.steps import Run
from training.finenet.crops import skin_of, tones, true_height, uv_code
from training.finenet.data import FIELDS
from training.finenet.net import SEEN, FineNet
from training.finenet.settings import Settings
from training.finenet.train import Batch, errors_of, losses_of, tensors
from training.finenet.train import blank as blank_fine
from training.finenet.train import network_picture as fine_picture
from training.world.model_truth import Row
from training.world.places import places
from training.world.shards import World

BATCH, JUDGED = 4, 48


class Pair(nn.Module):
    """Photo -> CoarseNet's head -> its depth in the photo -> FineNet."""

    mean: Tensor
    modes: Tensor
    code: Tensor
    triangles: Tensor
    pivot: Tensor
    tones: Tensor

    def __init__(self, coarse: CoarseNet, fine: FineNet, model: MorphableModel) -> None:
        super().__init__()
        self.coarse, self.fine = coarse, fine
        skin = model.mesh.triangles[model.mesh.parts["skin"]]
        used, triangles = np.unique(skin, return_inverse=True)
        modes = np.concatenate([model.identity, model.expression])[:, used]
        arrays = {"mean": model.mean[used], "modes": modes, "code": uv_code(model)[used], "pivot": thinned(model).pivot}
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array.astype(np.float32)))
        self.register_buffer("triangles", torch.from_numpy(triangles.reshape(-1, 3)).long())
        self.register_buffer("tones", torch.from_numpy(tones().transpose(2, 0, 1).copy()))

    def laid(self, batch: Batch) -> Batch:
        """The batch with the coarse head in it; where it is and its face carry no gradient."""
        told = self.coarse(batch["picture"])
        with torch.autocast(batch["bare"].device.type, enabled=False):
            found = torch.cat([told["identity"], told["expression"]], 1).float()
            vertices = self.mean + torch.einsum("bm,mvc->bvc", found, self.modes)
            camera = crop_cameras(told["pose"].float(), batch["principal"], self.pivot)
            layers = render_layers(vertices, *camera, self.triangles, self.code, (SEEN, SEEN))
            there = layers.mask.float()
            middle = ((layers.depth * there).sum((1, 2)) / there.sum((1, 2)).clamp_min(1))[:, None, None]
            coarse = there * (middle - layers.depth) * camera[2][:, 0, :1, None] / middle
            uv, face = layers.pncc[..., :2].detach(), layers.pncc[..., 2].detach() > 0.5
            bare = batch["bare"] * face.float()
            mask = 1 - functional.max_pool2d(1 - bare[:, None], 3, 1, 1)[:, 0]
            maps = self.tones.expand(len(uv), -1, -1, -1)
            shown = functional.grid_sample(maps, 2 * uv - 1, align_corners=False)
        return batch | {"coarse": coarse, "there": there, "mask": mask, "tones": shown}


def crop_cameras(
    pose: Float[Tensor, "batch 7"], principal: Float[Tensor, "batch 2"], pivot: Float[Tensor, "3"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Rotation, translation and intrinsics of what poses tell: `estimate.crop_camera` with a gradient, in pixels of FineNet."""
    step = pose * torch.from_numpy(REACH.astype(np.float32)).to(pose.device)
    rest = torch.from_numpy(START.astype(np.float32)).to(pose.device) + step[:, 3:]
    distance = rest[:, 3].exp()
    focal = rest[:, 0].exp() * distance
    ray = torch.cat([(rest[:, 1:3] - principal) / focal[:, None], torch.ones_like(focal[:, None])], 1)
    front = torch.from_numpy(FRONT.astype(np.float32)).to(pose.device)
    rotation = towards(ray) @ turn(step[:, :3]) @ front
    translation = distance[:, None] * ray - rotation @ pivot
    intrinsics = torch.zeros(len(pose), 3, 3, device=pose.device)
    intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = SEEN * focal
    intrinsics[:, :2, 2], intrinsics[:, 2, 2] = SEEN * principal, 1
    return rotation, translation, intrinsics


def towards(ray: Float[Tensor, "batch 3"]) -> Float[Tensor, "batch 3 3"]:
    """`estimate.towards`."""
    x, y, z = functional.normalize(ray, dim=1).unbind(1)
    rows = [1 - x * x / (1 + z), -x * y / (1 + z), x], [-x * y / (1 + z), 1 - y * y / (1 + z), y], [-x, -y, z]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


@dataclass(frozen=True, eq=False)
class Heads:
    """Of FineNet's pictures what both networks see, in CoarseNet's crop at FineNet's size."""

    world: World
    model: MorphableModel

    def row(self, number: int) -> Row:
        """As it is."""
        item = self.world[number]
        head = self.model.mean + item["shape"] + np.tensordot(item["expression"], self.model.expression, 1)
        camera, side = Camera(item["intrinsics"], item["world_to_camera"], (1, 1)), len(item["picture"])
        points = project(camera, places().of(head.astype(np.float32), self.model))
        square = wide_square_of(points[LANDMARKS_68].astype(np.float64))
        principal, thin = principal_of(square, (side, side)), thinned(self.model)
        blank_head = start(len(self.model.identity), len(self.model.expression))
        small, coded = (cropped(item["picture"], square, pixels).astype(np.float32) / 255 for pixels in (SEEN_SIDE, SEEN))
        skin = skin_of(item)
        return {
            "picture": network_picture(grey(small), feedback(thin, blank_head, principal)),
            "principal": principal,
            "grey": grey(coded),
            "light": luminance(decode_srgb(coded)),
            "true": true_height(item, skin, square),
            "bare": (cropped(np.dstack([skin] * 3), square, SEEN)[..., 0] > 0.99).astype(np.float32),
        }


class PairTask:
    """What both together learn: FineNet's losses on CoarseNet's heads."""

    def __init__(self, heads: Heads, settings: Settings) -> None:
        self.heads, self.settings = heads, settings

    def batch(self, rng: np.random.Generator) -> Batch:
        """Heads that are learned from."""
        numbers = rng.integers(self.settings.held, len(self.heads.world), BATCH)
        return tensors(stacked([self.heads.row(int(number)) for number in numbers]))

    def losses(self, net: Pair, batch: Batch) -> dict[str, Tensor]:
        """As for FineNet alone."""
        return losses_of(net.fine, {"heads": net.laid(batch)}, self.settings)

    def judge(self, net: Pair) -> dict[str, float]:
        """Of heads held out: depth off in pixels and normals in degrees, coarse and fine."""
        device, rows = net.mean.device, []
        for first in range(0, min(JUDGED, self.settings.held), BATCH):
            part = tensors(stacked([self.heads.row(first + number) for number in range(BATCH)]))
            batch = net.laid({name: value.to(device) for name, value in part.items()})
            heights = batch["coarse"], batch["coarse"] + net.fine(fine_picture(batch)).float()
            rows.append([float(value) for each in heights for value in errors_of(each, batch["true"], batch["mask"])])
        names = ("coarse depth", "coarse angle", "fine depth", "fine angle")
        return dict(zip(names, np.mean(rows, 0).tolist(), strict=True))


def together(run: Run[Settings]) -> None:
    """Prints both ways' errors, beside those before."""
    shards, model = needed(run.work / "shards", "finenet pictures"), basis(with_colour=True)
    task = PairTask(Heads(World(shards, (*FIELDS, "shape", "expression")), model), run.settings)
    for name in ("stage by stage", "end to end"):
        fine = blank_fine()
        load(fine, needed(run.work / "refine/weights.npz", "finenet refine"))
        pair = Pair(taken(blank(model), FILES / "coarsenet.onnx"), fine, model)
        pair.coarse.requires_grad_(name == "end to end")
        schedule = run.settings.together
        torch.manual_seed(schedule.seed)
        with torch.no_grad():
            before = task.judge(pair.eval())
        pair = learn(pair, task, schedule, run.work / name.replace(" ", "-"), run.machine).eval()
        with torch.no_grad():
            after = task.judge(pair)
        for kind, value in before.items():
            click.echo(f"{name}: {kind} {value:.2f} before, {after[kind]:.2f} after {schedule.steps} steps")
