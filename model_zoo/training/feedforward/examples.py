"""Batches of hidden faces for the decoder: drawn, mirrored, in other tones, with finer or coarser skin to be found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from facetex_plugins.synthesize.texture.decoder import decoder_maps
from jaxtyping import Bool, Float32, Shaped
from torch import Tensor

from facetex_core.descriptors.masked_features import erode
from facetex_core.texture.expected_albedo import DARKEST
from facetex_core.texture.thresholds import SURE
from training.common.making import needed
from training.feedforward.net import LAYERS

HELD_OUT = 7
"""Every so many-th person is never trained on: a seventh."""
BLENDED = f"wanted {next(iter(LAYERS))}"
"""There where a blend was made for the part."""
FROM_BANK = 0.7
"""Share of those examples that are told the blend's correlations."""
CROP = 256
"""Texels along one side of what is learned at a time."""
FIELD = 8
"""Texels that the descriptor sees around a position."""
GRAINLESS = 0.2
"""Share of the examples without a texture of their own skin: faces that show too little of it."""
TONES = 0.35
"""Deviation of the log lightness by which skins are made lighter or darker."""
TINTS = 0.06
"""The same of each channel by itself."""
RARE = 0.1
"""Share of the portraits that show a texel, below which nothing can be learned of it."""
COARSE = 2.5
"""Texels of blur below which skin is made finer or coarser."""
FINER = 0.35
"""Deviation of the log of the factor by which it is."""

Arrays = dict[str, Shaped[np.ndarray, "..."]]
Person = tuple[Arrays, dict[str, Arrays]]
"""What all parts have in common, and what is known with each part hidden."""
Batch = dict[str, Tensor]
"""The planes of examples, `noise` (batch, 1, height, width), which of them have correlations `given`, and these by layer."""


@dataclass(frozen=True)
class Example:
    """What is given of a face, and what is asked, logarithms of linear light; texels of a crop, or of the whole window."""

    maps: Float32[np.ndarray, "channels height width"]
    """What the decoder is given, base first."""
    truth: Float32[np.ndarray, "3 height width"]
    """Log light over the base; 0 where it is not known."""
    known: Float32[np.ndarray, "1 height width"]
    """1 where the truth is known, hidden or not."""
    judged: Float32[np.ndarray, "4 height width"]
    """Hidden and surely known; as far from anything unknown as the descriptor sees; plain skin of that;
    and where nearly nobody's face is ever known: inside of nostrils and lips, under hair."""
    wanted: dict[str, Float32[np.ndarray, "channels channels"]] | None
    """The blend's correlations; none: those of the truth are wanted."""

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "Example":
        """With every plane cut or turned alike."""
        maps, truth, known, judged = (
            np.ascontiguousarray(change(plane)) for plane in (self.maps, self.truth, self.known, self.judged)
        )
        return Example(maps, truth, known, judged, self.wanted)


class Faces:
    """What `make` wrote, in memory: the people held out, or the others."""

    def __init__(self, folder: Path, *, held_out: bool) -> None:
        face = np.load(needed(folder / "face.npy", "feedforward data"))
        self.mean, self.features, self.plain = face[:3].transpose(1, 2, 0), face[3], face[4]
        paths = sorted((folder / "people").glob("*.npz"))
        self.people = [read_person(path) for number, path in enumerate(paths) if (number % HELD_OUT == 0) == held_out]
        known = np.mean([face["visibility"] > 0 for face, _ in self.people], 0)
        self.unseen = np.maximum(known, known[:, ::-1]) < RARE

    def wanted(self) -> dict[str, Float32[np.ndarray, "blends channels channels"]]:
        """Every blend's correlations, by layer."""
        blended = [part for _, parts in self.people for part in parts.values() if BLENDED in part]
        return {layer: np.stack([part[f"wanted {layer}"] for part in blended]) for layer in LAYERS}

    def draw(self, rng: np.random.Generator) -> Example:
        """Some part of somebody."""
        face, parts = self.people[rng.integers(len(self.people))]
        part = parts[str(rng.choice(list(parts)))]
        from_bank = BLENDED in part and rng.random() < FROM_BANK
        rows, columns = crop(part["hidden"] * (face["visibility"] > SURE), rng)
        made = self._example(face, part, None if from_bank else rng, grainless=rng.random() < GRAINLESS)
        made = made.changed(lambda plane: plane[..., rows, columns])
        return made.changed(lambda plane: plane[..., ::-1]) if rng.random() < 0.5 else made

    def batch(self, count: int, rng: np.random.Generator) -> Batch:
        """So many parts, drawn."""
        return together([self.draw(rng) for _ in range(count)], rng)

    def part(self, name: str) -> Iterator[Example]:
        """Everybody with this part hidden, as it is, with the blend's correlations wanted."""
        for face, parts in self.people:
            if name in parts:
                yield self._example(face, parts[name], None, grainless=False)

    def _example(self, face: Arrays, part: Arrays, rng: np.random.Generator | None, *, grainless: bool) -> Example:
        hidden, visibility = part["hidden"], face["visibility"].astype(np.float32)
        known = visibility > 0
        own = part["own"].astype(np.float32) / 255
        low = cv2.resize(part["base"].astype(np.float32), own.shape, interpolation=cv2.INTER_LINEAR)
        truth = np.log(np.maximum(face["rgb"].astype(np.float32), DARKEST)) - low
        truth *= known[..., None]
        if rng is not None:
            fine = truth - cv2.GaussianBlur(truth, (0, 0), COARSE)
            truth = truth + (np.exp(rng.normal(0, FINER)) - 1) * (hidden * known)[..., None] * fine
            low = low + rng.normal(0, TONES) + rng.normal(0, TINTS, 3)
            low, truth = low.astype(np.float32), truth.astype(np.float32)
        grain = part["grain"].astype(np.float32)[..., None] * part["gain"] * np.float32(not grainless)
        maps = decoder_maps(low, truth * (own[..., None] > 0), own, grain, self.mean, self.features)
        sure = hidden * (visibility > SURE)
        clear = sure * erode(known, FIELD)
        judged = np.stack([sure, clear, clear * (self.plain > 0.5), self.unseen]).astype(np.float32)
        wanted = None if rng is not None else {layer: part[f"wanted {layer}"] for layer in LAYERS}
        return Example(maps, truth.transpose(2, 0, 1), known[None].astype(np.float32), judged, wanted)


def read_person(path: Path) -> Person:
    """A file of `write_person`."""
    face: Arrays = {}
    parts: dict[str, Arrays] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            part, _, key = name.rpartition("/")
            (parts.setdefault(part, {}) if part else face)[key] = arrays[name]
    return face, parts


def crop(judged: Bool[np.ndarray, "height width"], rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns around a texel that is judged."""
    places = 8 * np.argwhere(judged[::8, ::8])
    middle = places[rng.integers(len(places))] if len(places) else np.array([CROP, CROP]) // 2
    corner = np.clip(middle - rng.integers(CROP // 4, 3 * CROP // 4, 2), 0, np.array(judged.shape) - CROP)
    rows, columns = (slice(first, first + CROP) for first in corner)
    return rows, columns


def together(examples: Sequence[Example], rng: np.random.Generator) -> Batch:
    """One batch of several, with noise."""
    names = ("maps", "truth", "known", "judged")
    batch = {name: np.stack([getattr(example, name) for example in examples]) for name in names}
    batch["noise"] = rng.standard_normal(batch["known"].shape).astype(np.float32)
    batch["given"] = np.array([example.wanted is not None for example in examples])
    for layer, channels in LAYERS.items():
        none = np.zeros((channels, channels), np.float32)
        batch[layer] = np.stack([none if example.wanted is None else example.wanted[layer] for example in examples])
    return {name: torch.from_numpy(value) for name, value in batch.items()}
