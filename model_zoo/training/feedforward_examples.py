"""Batches of hidden faces for the decoder: drawn, mirrored, in other tones, with finer or coarser skin to be found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from facetex_plugins.synthesize_feedforward import decoder_maps
from feedforward_net import LAYERS

from facetex_core.masked_features import erode
from facetex_core.synthesis.completion import DARKEST, SURE

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
COARSE = 2.5
"""Texels of blur below which skin is made finer or coarser."""


@dataclass(frozen=True)
class Example:
    """Arrays in the order of channels, rows, columns."""

    maps: np.ndarray
    """What the decoder is given, base first."""
    truth: np.ndarray
    """Log light over the base; 0 where it is not known."""
    known: np.ndarray
    """(1, rows, columns): 1 where the truth is known, hidden or not."""
    judged: np.ndarray
    """(3, rows, columns): hidden and surely known; as far from anything unknown as the descriptor sees; plain skin of that."""
    wanted: dict[str, np.ndarray] | None
    """The blend's correlations; none: those of the truth are wanted."""


class Faces:
    """What `feedforward_data.extract` wrote, in memory."""

    def __init__(self, folder: Path, *, held_out: bool) -> None:
        face = np.load(folder / "face.npy")
        self.mean, self.features, self.plain = face[:3].transpose(1, 2, 0), face[3], face[4]
        paths = sorted(folder.glob("*.npz"))
        self.people = [_read(path) for number, path in enumerate(paths) if (number % HELD_OUT == 0) == held_out]

    def wanted(self) -> dict[str, np.ndarray]:
        """Every blend's correlations, by layer."""
        parts = [part for _, found in self.people for part in found.values() if BLENDED in part]
        return {layer: np.stack([part[f"wanted {layer}"] for part in parts]) for layer in LAYERS}

    def draw(self, rng: np.random.Generator) -> Example:
        """Some part of somebody."""
        face, found = self.people[rng.integers(len(self.people))]
        part = found[str(rng.choice(list(found)))]
        from_bank = BLENDED in part and rng.random() < FROM_BANK
        made = self._example(face, part, None if from_bank else rng, grainless=rng.random() < GRAINLESS)
        return _cropped(_mirrored(made) if rng.random() < 0.5 else made, rng)

    def part(self, name: str) -> Iterator[Example]:
        """Everybody with this part hidden, as it is, with the blend's correlations wanted."""
        for face, found in self.people:
            if name in found:
                yield self._example(face, found[name], None, grainless=False)

    def _example(self, face: dict, part: dict, rng: np.random.Generator | None, *, grainless: bool) -> Example:
        hidden, visibility = part["hidden"], face["visibility"].astype(np.float32)
        known = visibility > 0
        own = part["own"].astype(np.float32) / 255
        low = cv2.resize(part["base"].astype(np.float32), own.shape, interpolation=cv2.INTER_LINEAR)
        truth = np.where(known[..., None], np.log(np.maximum(face["rgb"].astype(np.float32), DARKEST)) - low, 0)
        if rng is not None:
            fine = truth - cv2.GaussianBlur(truth, (0, 0), COARSE)
            truth = truth + (np.exp(rng.normal(0, 0.35)) - 1) * (hidden * known)[..., None] * fine
            low = low + rng.normal(0, TONES) + rng.normal(0, TINTS, 3)
        grain = part["grain"].astype(np.float32)[..., None] * part["gain"] * (not grainless)
        seen = np.where(own[..., None] > 0, truth, 0)
        maps = decoder_maps(low, seen, own, grain, self.mean, self.features)
        sure = hidden * (visibility > SURE)
        clear = sure * erode(known, FIELD)
        judged = np.stack([sure, clear, clear * (self.plain > 0.5)]).astype(np.float32)
        wanted = None if rng is not None else {layer: part[f"wanted {layer}"] for layer in LAYERS}
        return Example(maps, truth.transpose(2, 0, 1).astype(np.float32), known[None].astype(np.float32), judged, wanted)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """What all parts of a person have in common, and what is known of each part."""
    face: dict[str, np.ndarray] = {}
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            part, _, key = name.rpartition("/")
            (found.setdefault(part, {}) if part else face)[key] = arrays[name]
    return face, found


def _mirrored(example: Example) -> Example:
    return _changed(example, lambda plane: plane[..., ::-1])


def _cropped(example: Example, rng: np.random.Generator) -> Example:
    """Around a texel that is judged."""
    places = np.argwhere(example.judged[1] > 0)
    middle = places[rng.integers(len(places))] if len(places) else np.array([CROP, CROP]) // 2
    top, left = np.clip(middle - rng.integers(CROP // 4, 3 * CROP // 4, 2), 0, np.array(example.known.shape[1:]) - CROP)
    return _changed(example, lambda plane: plane[:, top : top + CROP, left : left + CROP])


def _changed(example: Example, change: Callable[[np.ndarray], np.ndarray]) -> Example:
    planes = (example.maps, example.truth, example.known, example.judged)
    return Example(*(np.ascontiguousarray(change(plane)) for plane in planes), example.wanted)
