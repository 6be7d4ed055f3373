"""How well a bank predicts the correlations of skin that a photo hides: a part of the face is hidden, predicted, compared."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import open_bank
from facetex_plugins.predict.hidden_skin import predict_hidden
from jaxtyping import Float
from tqdm import tqdm

from facetex_core import Bank, Descriptor, FacetexError, OwnDescriptors, Registry, Texture, load_preset
from facetex_core.descriptors.bank import cells_of, supports, under_mask
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.io.photo_file import load_photo
from facetex_core.stages import BlendSolver, DescriptorExtractor
from facetex_core.texture.regions import face_crop, skin_only
from training.bank.data import BANK, Settings
from training.bank.hidden import HIDDEN, Mask, flipped, without
from training.common.data import DATA
from training.common.portraits import default_front_half, delit_view
from training.common.steps import Run

LEAST = 2000
"""Hidden texels that a figure needs to mean anything."""

Errors = dict[tuple[str, str], list[list[float]]]
"""Of every face, by hidden part and row of the table: relative errors, a layer each."""
Cells = tuple[Descriptor, ...]


@dataclass(frozen=True)
class Trial:
    """What is asked of a face whose part is hidden."""

    own: OwnDescriptors
    hidden: Cells
    """Of the skin that is hidden, which the answer is compared with."""


def others(bank: Bank, cells: Cells) -> Bank:
    """The bank without the exemplar that these cells are nearest to."""
    errors = [sum(relative_error(exemplar, merge(cells)).values()) for exemplar in under_mask(bank, cells)]
    keep = np.arange(len(errors)) != np.argmin(errors)
    return replace(
        bank,
        cells={layer: rows[keep] for layer, rows in bank.cells.items()},
        support={layer: rows[keep] for layer, rows in bank.support.items()},
        names=tuple(name for name, kept in zip(bank.names, keep, strict=True) if kept),
        faces=(),
    )


def trial(extractor: DescriptorExtractor, skin: Texture, hidden: Mask, grid: int) -> Trial:
    """Descriptors of the skin that is left, of that one mirrored, and of the hidden skin."""
    cells, shown = cells_of(grid, skin.size), without(skin, hidden)
    own = OwnDescriptors(extractor.describe(shown, cells), extractor.describe(flipped(shown), cells))
    return Trial(own, extractor.describe(without(skin, ~hidden), cells))


def answers(bank: Bank, solvers: Mapping[str, BlendSolver], asked: Trial) -> Iterator[tuple[str, Descriptor]]:
    """Rows of the table; `own` takes what is seen for what is hidden, `alone` is the blend with nothing of the face itself."""
    there, lost = under_mask(bank, asked.hidden), {layer: supports(asked.hidden, layer) for layer in bank.support}
    seen = merge(asked.own.seen)
    yield "own", seen
    for name, solver in solvers.items():
        weights = solver.solve(seen, under_mask(bank, asked.own.seen))
        yield name, predict_hidden(bank, weights, asked.own, lost)
        yield f"{name} alone", mix(there, weights)


def measure(
    bank: Bank, solvers: Mapping[str, BlendSolver], extractor: DescriptorExtractor, photo: Path, run: Run[Settings]
) -> Errors:
    """Every part of one face of which enough is known; nothing of a face that a run refuses."""
    try:
        view = delit_view(load_photo(photo), default_front_half())
    except FacetexError:
        return {}
    skin = face_crop(skin_only(view.albedo, view.fit.model), view.fit.model)
    if run.settings.eval.in_bank:
        bank = others(bank, extractor.describe(skin, cells_of(bank.grid, skin.size)))
    errors: Errors = {}
    for name, part in HIDDEN.items():
        hidden = part(view.fit, view.albedo.size)
        if (skin.visibility > 0)[hidden].sum() < LEAST:
            continue
        asked = trial(extractor, skin, hidden, bank.grid)
        for row, answer in answers(bank, solvers, asked):
            errors[name, row] = [list(relative_error(answer, merge(asked.hidden)).values())]
    return errors


def table(errors: Errors) -> Iterator[str]:
    """A line a hidden part and row: means over faces, layers side by side."""
    for (part, row), values in errors.items():
        means: Float[np.ndarray, " layers"] = np.mean(values, 0)
        yield f"{part:14} {row:20} {len(values):3} faces  " + "/".join(f"{mean:.3f}" for mean in means)


def report(run: Run[Settings]) -> None:
    """Mean relative errors of the hidden skin's correlations."""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    bank, registry, settings = open_bank(str(run.made_or_shipped(BANK))), Registry(), run.settings.eval
    extractor = load_preset("embedded").make("descriptor_extractor", registry)
    solvers = {name: registry.make("blend_solver", name, {}) for name in settings.solvers}
    errors: Errors = {}
    for photo in tqdm(sorted((DATA / settings.photos).glob("*.jpg"))[:: settings.every], unit="photo"):
        for key, values in measure(bank, solvers, extractor, photo, run).items():
            errors.setdefault(key, []).extend(values)
    click.echo(f"{len(bank.names)} exemplars; layers {', '.join(bank.support)}")
    for line in table(errors):
        click.echo(line)
