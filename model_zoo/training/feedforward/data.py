"""Portraits with parts hidden, and what the decoder may know of each.

Every part is hidden before the albedo model, the descriptor and the blend see the face, as in `facetex eval leave-one-out`;
the blend knows every exemplar of the bank but the person himself.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
from facetex_model_zoo import open_bank
from facetex_plugins.synthesize.texture.completion import confidence, low_frequency, noise_texture, seen_detail
from jaxtyping import Bool, Float32
from msgspec import Meta

from facetex_core import Fit, MorphableModel, Registry, Texture, load_preset
from facetex_core.descriptors.bank import under_mask, whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.io.photo_file import load_photo
from facetex_core.pipeline import Pipeline
from facetex_core.texture.regions import NO_SKIN, face_slices, plain_skin, region
from facetex_core.texture.thresholds import LEAST_SKIN, SURE
from facetex_core.workbench.evaluation.leave_one_out import SPLITS, Subject, blinded, examine, without
from training.common.data import DATA, save_arrays
from training.common.loop import Schedule
from training.common.portraits import basis, each_portrait
from training.common.steps import Run
from training.feedforward.examples import Arrays

SIZE = 512
"""Texels of the map: the bank's."""
MARGIN = 16
"""Texels around the face's box that are learned, too."""
DRAWN = 4
"""Random parts for each person, besides those of the evaluation; for them no blend is made."""
LEAST = 0.004
"""Share of the map that has to be hidden and known."""

Hidden = Bool[np.ndarray, "size size"]
"""Over the whole map."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """settings.toml."""

    people: int
    measured: int
    batch: Annotated[int, Meta(ge=1)]
    judged: Annotated[int, Meta(ge=1)]
    train: Schedule
    seed: int = 0


@cache
def pipeline() -> Pipeline:
    """The stages of the embedded preset at the map's size."""
    recipe = replace(load_preset("embedded"), size=SIZE)
    return recipe.build(Registry(), open_bank(recipe.bank))


def window(model: MorphableModel) -> tuple[slice, slice]:
    """The face's box and a margin around it: symmetric in the map, as mirrors need it."""
    rows, columns = (slice(part.start - MARGIN, part.stop + MARGIN) for part in face_slices(model, SIZE))
    return rows, columns


def drawn(rng: np.random.Generator) -> Hidden:
    """A part to hide: one side of a line, an ellipse, or spots."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    kind = rng.integers(3)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        return np.asarray((x - rng.uniform(0.4, 0.6)) * np.cos(angle) + (y - rng.uniform(0.3, 0.6)) * np.sin(angle) > 0)
    if kind == 1:
        across = (x - rng.uniform(0.3, 0.7)) / rng.uniform(0.06, 0.25)
        down = (y - rng.uniform(0.2, 0.65)) / rng.uniform(0.06, 0.25)
        return np.asarray(across**2 + down**2 < 1)
    spots = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)).astype(np.float32), (0, 0), rng.uniform(10, 40))
    return np.asarray(spots > np.quantile(spots, rng.uniform(0.4, 0.8)))


def parts(fit: Fit, rng: np.random.Generator) -> Iterator[tuple[str, Hidden]]:
    """What is hidden in turn."""
    for split in SPLITS.values():
        for name, mask in split.items():
            yield name, mask(fit, SIZE)
    for number in range(DRAWN):
        yield f"drawn {number}", drawn(rng)


def wanted(shown: Texture, fit: Fit, own_row: int) -> Arrays:
    """The blend's correlations by layer when the person himself is not in the bank."""
    lines = pipeline()
    seen = lines.describe(shown, fit)
    keep = [row for row in range(len(lines.bank.names)) if row != own_row]
    there = under_mask(lines.bank, seen)
    weights = lines.blend_solver.solve(merge(seen), tuple(there[row] for row in keep))
    everyone = whole_skin(lines.bank)
    return dict(mix(tuple(everyone[row] for row in keep), weights).correlations)


def row_of(subject: Subject) -> int:
    """The person's own row in the bank, which names nobody: the one with the nearest correlations."""
    lines = pipeline()
    seen = lines.describe(subject.albedo, subject.fit)
    known = merge(seen)
    errors = [sum(relative_error(exemplar, known).values()) for exemplar in under_mask(lines.bank, seen)]
    return int(np.argmin(errors))


def example(subject: Subject, hidden: Hidden, own_row: int | None, rng: np.random.Generator) -> Arrays:
    """What the decoder is given of a face with a part hidden; nothing where there is too little to hide or to go by."""
    shown = without(subject.albedo, hidden)
    truth = hidden * (subject.albedo.visibility > SURE)
    if truth.sum() < LEAST * hidden.size or (shown.visibility > 0).mean() < LEAST_SKIN:
        return {}
    view, fit = blinded(pipeline(), subject, hidden), subject.fit
    own = confidence(shown, fit)
    base = low_frequency(view, own)
    grain = noise_texture(seen_detail(shown, own, base), own, fit, rng)
    field = grain.mean(-1)
    gain = (grain * field[..., None]).sum((0, 1)) / max(float((field**2).sum()), 1e-12)
    box = window(fit.model)
    blend = {} if own_row is None else wanted(shown, fit, own_row)
    small = cv2.resize(np.log(base[box]), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return {
        "base": small.astype(np.float16),
        "own": np.rint(255 * own[box]).astype(np.uint8),
        "hidden": hidden[box],
        "grain": field[box].astype(np.float16),
        "gain": gain.astype(np.float32),
        **{f"wanted {layer}": gram for layer, gram in blend.items()},
    }


def write_person(photo: Path, file: Path) -> str:
    """What all parts have in common, `rgb` and `visibility`, and what is known with each part hidden, `PART/name`."""
    rng = np.random.default_rng(sum(photo.stem.encode()))
    subject = examine(pipeline(), load_photo(photo))
    own_row, box = row_of(subject), window(subject.fit.model)
    examples: Arrays = {}
    for name, hidden in parts(subject.fit, rng):
        made = example(subject, hidden, None if name.startswith("drawn") else own_row, rng)
        examples |= {f"{name}/{key}": value for key, value in made.items()}
    face = {"rgb": subject.albedo.rgb[box].astype(np.float16), "visibility": subject.albedo.visibility[box].astype(np.float16)}
    save_arrays(file, face | examples)
    return f"{len(examples)} arrays, row {own_row}"


def face_maps(model: MorphableModel) -> Float32[np.ndarray, "5 rows columns"]:
    """What is the same in everybody, in channels: the mean face's detail, where features lie, plain skin."""
    assert model.albedo is not None
    mean = cv2.resize(model.albedo.detail, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    planes = (mean, region(model, NO_SKIN, SIZE)[..., None], plain_skin(model, SIZE)[..., None])
    return np.concatenate(planes, -1)[window(model)].transpose(2, 0, 1).astype(np.float32)


def make(run: Run[Settings]) -> None:
    """face.npy, and a file in `people` for every portrait that is not there already."""
    np.save(run.work / "face.npy", face_maps(basis(with_colour=True)))
    each_portrait(write_person, DATA / "photos/bank", run.work / "people", run.jobs, run.settings.people)
