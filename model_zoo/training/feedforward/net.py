"""The decoder: what a face shows, its mirror, a random texture and the wanted correlations to detail over a smooth albedo.

It begins as the plain completion (mirror, mean features, own grain) and learns by how much each octave of each of them is
to be stronger or weaker at every texel, how much of the mean face's to lay over, and what is to be added.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from training.common.blocks import PlainResidual
from training.common.export import store_halved, write_onnx

LAYERS = {"conv1_1": 16, "conv2_1": 32, "conv3_1": 64}
"""Channels of the descriptor whose correlations are wanted."""
PLANES = [3, 3, 1, 3, 1, 3, 1, 3]
"""Channels of the maps: base, seen, own, mirrored, mirror, mean, features, grain."""
OWN = slice(6, 7)
"""Of the maps: where the photo's own texels are taken."""
WIDTHS = (24, 40, 64, 80)
CODE = 48
SIGMAS = (0.8, 2.0)
"""Texels of blur between the octaves."""
GIVEN = 3 * (len(SIGMAS) + 1) + 3
"""Of each texel: strengths of the octaves of what is known and of texture, what is added, strengths of the mean's octaves."""
REACH = 6
"""Texels on each side that the widest blur sees."""
COARSE = 8
"""Texels that are one where tone is blurred: by 16 texels in all."""
STRONGEST = 2.0
"""The largest factor of an octave."""
FAINTEST = 1e-5
"""Energy of a principal direction below which it tells nothing."""

Last = TypeVar("Last", nn.Linear, nn.Conv2d)


class Code(nn.Module):
    """Wanted correlations to a few numbers: logarithms of the energy along the principal directions of many faces'."""

    def __init__(self) -> None:
        """Set by `measure`."""
        super().__init__()
        for layer, channels in LAYERS.items():
            self.register_buffer(f"directions_{layer}", torch.eye(channels))
            self.register_buffer(f"mean_{layer}", torch.zeros(channels))
            self.register_buffer(f"deviation_{layer}", torch.ones(channels))
        self.linear = nn.Linear(sum(LAYERS.values()), CODE)

    def measure(self, many: Mapping[str, Float[np.ndarray, "faces channels channels"]]) -> None:
        """Directions and their usual energies from correlations (faces, channels, channels) by layer."""
        for layer, grams in many.items():
            directions = np.linalg.eigh(grams.mean(0, dtype=np.float64))[1][:, ::-1].astype(np.float32)
            getattr(self, f"directions_{layer}").copy_(torch.from_numpy(directions.copy()))
            energies = self.energies(torch.from_numpy(grams), layer)
            getattr(self, f"mean_{layer}").copy_(energies.mean(0))
            getattr(self, f"deviation_{layer}").copy_(energies.std(0) + 0.05)

    def energies(self, gram: Tensor, layer: str) -> Tensor:
        """(batch, channels): log of the diagonal of P^T G P."""
        directions = getattr(self, f"directions_{layer}")
        return torch.log(torch.clamp((torch.matmul(gram, directions) * directions).sum(1), min=FAINTEST))

    def forward(self, wanted: Mapping[str, Tensor]) -> Tensor:
        """(batch, CODE)."""
        parts = [
            (self.energies(wanted[layer], layer) - getattr(self, f"mean_{layer}")) / getattr(self, f"deviation_{layer}")
            for layer in LAYERS
        ]
        return self.linear(torch.clamp(torch.cat(parts, 1), -4, 4))


def faint(last: Last) -> Last:
    """The same layer, which begins by answering next to nothing."""
    nn.init.normal_(last.weight, 0, 1e-3)
    if last.bias is not None:
        nn.init.zeros_(last.bias)
    return last


class Decoder(nn.Module):
    """A U-Net from half the resolution down, its levels scaled and shifted by the wanted correlations and what is seen."""

    even: Tensor

    def __init__(self) -> None:
        """Levels fine to coarse."""
        super().__init__()
        self.code = Code()
        self.stem = nn.Conv2d(sum(PLANES) + 1, WIDTHS[0], 4, 2, 1)
        self.down = nn.ModuleList(nn.Conv2d(WIDTHS[i], WIDTHS[i + 1], 4, 2, 1) for i in range(3))
        self.first = nn.ModuleList(PlainResidual(width) for width in WIDTHS)
        self.second = nn.ModuleList(PlainResidual(width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(WIDTHS[i + 1], WIDTHS[i], 1) for i in range(3))
        self.mix = nn.Sequential(nn.Linear(CODE + WIDTHS[3], 64), nn.ReLU(), faint(nn.Linear(64, 2 * sum(WIDTHS))))
        self.head = faint(nn.Conv2d(WIDTHS[0], 4 * GIVEN, 3, padding=1))
        step = torch.tensor([0.25, 0.5, 0.25])  # lets no chequers of the shuffled texels through
        self.register_buffer("even", (step[:, None] * step).repeat(GIVEN, 1, 1, 1))
        reach = torch.arange(-REACH, REACH + 1)
        for number, sigma in enumerate(SIGMAS):
            line = torch.exp(-0.5 * (reach / sigma) ** 2)
            self.register_buffer(f"kernel_{number}", (line / line.sum())[None, None, None].repeat(3, 1, 1, 1))

    def forward(self, maps: Tensor, noise: Tensor, wanted: Mapping[str, Tensor]) -> Tensor:
        """Log light over the base (batch, 3, height, width); sides are multiples of 16."""
        base, seen, own, mirrored, mirror, mean, features, grain = torch.split(maps, PLANES, 1)
        known, texture = sources(maps)
        given = torch.cat([base + 1.5, 5 * seen, own, 5 * mirrored, mirror, 5 * mean, features, 20 * grain, noise], 1)
        count = len(SIGMAS) + 1
        change = functional.pixel_shuffle(self.head(functional.relu(self._trunk(given, own, wanted))), 2)
        change = functional.conv2d(change, self.even, padding=1, groups=GIVEN)
        added, strengths = change[:, 2 * count : 2 * count + 3], STRONGEST * torch.sigmoid(change[:, : 2 * count])
        strengths = torch.cat([strengths, (1 - own) * change[:, 2 * count + 3 :]], 1)
        octaves = [*self._octaves(known), *self._octaves(texture), *self._octaves(mean)]
        detail = 0.2 * (1 - own) * added
        for number, octave in enumerate(octaves):
            detail = detail + octave * strengths[:, number : number + 1]
        return detail - self._tone(detail - known - texture, 1 - own)

    def _trunk(self, given: Tensor, own: Tensor, wanted: Mapping[str, Tensor]) -> Tensor:
        """Features at half the resolution."""
        value = self.stem(given)
        skips = []
        for level in range(3):
            skips.append(self.first[level](value))
            value = self.down[level](functional.relu(skips[-1]))
        value = self.first[3](value)
        shown = functional.avg_pool2d(own, 16)
        inside = (value * shown).mean((2, 3)) / (shown.mean((2, 3)) + 1e-3)
        moments = self.mix(torch.cat([self.code(wanted), inside], 1))
        scales = torch.split(moments[..., None, None], [2 * width for width in WIDTHS], 1)
        value = self._level(3, value, scales)
        for level in (2, 1, 0):
            larger = functional.interpolate(self.up[level](functional.relu(value)), scale_factor=2.0, mode="nearest")
            value = self._level(level, skips[level] + larger, scales)
        return value

    def _level(self, level: int, value: Tensor, scales: tuple[Tensor, ...]) -> Tensor:
        scale, shift = torch.split(scales[level], WIDTHS[level], 1)
        return self.second[level](value * (1 + scale) + shift)

    def _tone(self, change: Tensor, hidden: Tensor) -> Tensor:
        """The low frequency of what was changed: tone is the base's, which knows the face better than a network does."""
        weights = hidden.expand_as(change)
        blurred, weight = (
            self._blur(functional.avg_pool2d(plane, COARSE), len(SIGMAS) - 1) for plane in (weights * change, weights)
        )
        return functional.interpolate(blurred / (weight + 1e-3), scale_factor=float(COARSE), mode="bilinear")

    def _octaves(self, picture: Tensor) -> list[Tensor]:
        """Bands from fine to coarse, which add up to the picture."""
        blurred = [picture, *(self._blur(picture, number) for number in range(len(SIGMAS)))]
        return [*(finer - coarser for finer, coarser in pairwise(blurred)), blurred[-1]]

    def _blur(self, picture: Tensor, number: int) -> Tensor:
        kernel = getattr(self, f"kernel_{number}")
        across = functional.conv2d(picture, kernel, padding=(0, REACH), groups=3)
        return functional.conv2d(across, kernel.transpose(2, 3), padding=(REACH, 0), groups=3)


def sources(maps: Tensor) -> tuple[Tensor, Tensor]:
    """What is known of the detail, and the texture for the rest: where the decoder begins."""
    _, seen, own, mirrored, mirror, mean, features, grain = torch.split(maps, PLANES, 1)
    unknown = 1 - own - mirror
    return seen + mirrored + unknown * features * mean, unknown * (1 - features) * grain


class _Exported(nn.Module):
    """The decoder with its wanted correlations one by one."""

    def __init__(self, net: Decoder) -> None:
        super().__init__()
        self.net = net

    def forward(self, maps: Tensor, noise: Tensor, *wanted: Tensor) -> Tensor:
        """As the decoder."""
        return self.net(maps, noise, dict(zip(LAYERS, wanted, strict=True)))


def export(net: Decoder, path: Path) -> None:
    """Write ONNX with free height and width; inputs `maps`, `noise` and the correlations by layer, output `detail`."""
    sides = {2: "height", 3: "width"}
    grams = [torch.eye(channels)[None] for channels in LAYERS.values()]
    example = torch.zeros(1, sum(PLANES), 64, 64), torch.zeros(1, 1, 64, 64), *grams
    axes = dict.fromkeys(("maps", "noise", "detail"), sides)
    names = {"input_names": ["maps", "noise", *LAYERS], "output_names": ["detail"]}
    write_onnx(_Exported(net), path, example, dynamic_axes=axes, **names)
    store_halved(path)
