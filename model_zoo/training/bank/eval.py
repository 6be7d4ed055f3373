"""How well a bank predicts the correlations of skin that a photo hides: a part of the face is hidden, predicted, compared.

python model_zoo/training/bank_eval.py (needs the portraits of FACETEX_SHARED; none of photos/dev is in the bank)
python model_zoo/training/bank_eval.py --photos ../shared/data/photos/bank --in-bank --every 4 (each left out of the bank)
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from facetex_model_zoo import open_bank
from facetex_plugins.predict.hidden_skin import predict_hidden

from facetex_core import Bank, Descriptor, FacetexError, Fit, OwnDescriptors, Registry, Texture, load_preset
from facetex_core.descriptors.bank import cells_of, supports, under_mask
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.io.photo_file import load_photo
from facetex_core.lighting.estimate_lighting import normal_map
from facetex_core.texture.regions import face_crop, face_slices, skin_only
from training.common.data import DATA
from training.common.portraits import delit_view

SOLVERS = ("affine", "least-squares", "convex", "nearest", "uniform")
TURN = np.radians(40)
GRAZING = 0.25
"""Cosine below which a texel counts as hidden, as when a photo is unwrapped."""
LEAST = 2000
"""Hidden texels that a figure needs to mean anything."""


def far_side(fit: Fit, size: int, side: int) -> np.ndarray:
    """What a camera 40 degrees round would not see."""
    towards = np.array([side * np.sin(TURN), 0, np.cos(TURN)], np.float32)
    return (normal_map(fit, size) @ towards)[face_slices(fit.model, size)] < GRAZING


def box(part: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Fit, int], np.ndarray]:
    """A part of the face's box by x and y from 0 to 1."""

    def hidden(fit: Fit, size: int) -> np.ndarray:
        rows, columns = face_slices(fit.model, size)
        y, x = np.mgrid[0 : rows.stop - rows.start, 0 : columns.stop - columns.start] / (rows.stop - rows.start)
        return part(x, y)

    return hidden


HIDDEN: dict[str, Callable[[Fit, int], np.ndarray]] = {
    "left -> right": box(lambda x, _: x >= 0.5),
    "right -> left": box(lambda x, _: x < 0.5),
    "far side, 40": lambda fit, size: far_side(fit, size, 1),
    "far side, -40": lambda fit, size: far_side(fit, size, -1),
    "lower": box(lambda _, y: y >= 0.5),
    "upper": box(lambda _, y: y < 0.5),
    "centre": box(lambda x, y: (abs(x - 0.5) < 0.2) & (abs(y - 0.5) < 0.35)),
}


def without(texture: Texture, hidden: np.ndarray) -> Texture:
    """The texture with a part hidden."""
    visibility = np.where(hidden, 0, texture.visibility).astype(np.float32)
    return Texture(texture.rgb * (visibility > 0)[..., None], visibility)


def flipped(texture: Texture) -> Texture:
    """Left is right."""
    return Texture(np.ascontiguousarray(texture.rgb[:, ::-1]), np.ascontiguousarray(texture.visibility[:, ::-1]))


def others(bank: Bank, cells: tuple[Descriptor, ...]) -> Bank:
    """The bank without the exemplar that these cells are nearest to."""
    errors = [sum(relative_error(each, merge(cells)).values()) for each in under_mask(bank, cells)]
    keep = np.arange(len(errors)) != np.argmin(errors)
    return replace(
        bank,
        cells={layer: found[keep] for layer, found in bank.cells.items()},
        support={layer: found[keep] for layer, found in bank.support.items()},
        names=tuple(name for name, kept in zip(bank.names, keep, strict=True) if kept),
        faces=(),
    )


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/dev", show_default=True)
@click.option("--bank", "bank_file", default="bank", show_default=True, help="A model of the zoo, or a file.")
@click.option("--descriptor", default="small", show_default=True)
@click.option("--solvers", default=",".join(SOLVERS), show_default=True)
@click.option("--in-bank", is_flag=True, help="The photos are those of the bank: each is left out of it.")
@click.option("--every", default=1, show_default=True, help="Only every so manyeth photo.")
def main(photos: Path, bank_file: str, descriptor: str, solvers: str, in_bank: bool, every: int) -> None:
    """Mean relative error of the hidden skin's correlations, by layer; `own` takes what is seen for what is hidden.

    `alone`: the blend without what is carried over of the face itself.
    """
    logging.getLogger("facetex").setLevel(logging.ERROR)
    everyone, registry = open_bank(bank_file), Registry()
    extractor = load_preset("embedded").choosing("descriptor_extractor", descriptor).make("descriptor_extractor", registry)
    made = {name: registry.make("blend_solver", name, {}) for name in solvers.split(",")}
    errors: dict[tuple[str, str], list[list[float]]] = {}
    for path in sorted(photos.glob("*.jpg"))[::every]:
        try:
            view = delit_view(load_photo(path), True, "network")
        except FacetexError:
            continue
        texture, fit = view.albedo, view.fit
        skin = face_crop(skin_only(texture, fit.model), fit.model)
        cells = cells_of(everyone.grid, skin.size)
        bank = others(everyone, extractor.describe(skin, cells)) if in_bank else everyone
        for name, part in HIDDEN.items():
            hidden = part(fit, texture.size)
            if (skin.visibility > 0)[hidden].sum() < LEAST:
                continue
            seen, unseen = (extractor.describe(without(skin, mask), cells) for mask in (hidden, ~hidden))
            own = OwnDescriptors(seen, extractor.describe(flipped(without(skin, hidden)), cells))
            truth, there, lost = (
                merge(unseen),
                under_mask(bank, unseen),
                {layer: supports(unseen, layer) for layer in bank.support},
            )
            rows = {"own": merge(seen)}
            for solver, each in made.items():
                weights = each.solve(merge(seen), under_mask(bank, seen))
                rows[solver] = predict_hidden(bank, weights, own, lost)
                rows[f"{solver} alone"] = mix(there, weights)
            for solver, found in rows.items():
                errors.setdefault((name, solver), []).append(list(relative_error(found, truth).values()))
    print(f"{len(everyone.names)} exemplars; layers {', '.join(everyone.support)}")
    for (name, solver), values in errors.items():
        print(f"{name:14} {solver:20} {len(values):3} faces ", "/".join(f"{v:.3f}" for v in np.mean(values, 0)))


if __name__ == "__main__":
    main()
