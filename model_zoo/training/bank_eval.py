"""How well the bank predicts the correlations of skin that a photo hides: half of the face is hidden and compared.

python model_zoo/training/bank_eval.py (needs the portraits of FACETEX_SHARED; none of photos/dev is in the bank)
"""

import warnings
from pathlib import Path

import click
import numpy as np
from bank_textures import partial_albedo
from facetex_model_zoo import open_bank
from shared_data import DATA

from facetex_core import FacetexError, Registry, Texture, load_preset
from facetex_core.bank import cells_of, seen_like, whole
from facetex_core.correlations import merge, mix, relative_error
from facetex_core.crop import face_crop, skin_only
from facetex_core.image_io import load_photo

SOLVERS = ("convex", "nearest", "uniform")
SPLITS = {"left hidden": (slice(None), slice(0.5, 1)), "lower hidden": (slice(0.5, 1), slice(None))}


def hide(texture: Texture, split: tuple[slice, slice]) -> Texture:
    """The texture without a part, given in shares of its sides."""
    visibility = texture.visibility.copy()
    visibility[
        tuple(slice(*(round(e * texture.size) if e is not None else None for e in (s.start, s.stop))) for s in split)
    ] = 0
    return Texture(texture.rgb * (visibility > 0)[..., None], visibility)


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/dev", show_default=True)
def main(photos: Path) -> None:
    """Mean relative error of the whole skin's correlations, by layer."""
    warnings.simplefilter("ignore")
    bank, registry, recipe = open_bank("bank"), Registry(), load_preset("embedded")
    extractor = recipe.make("descriptor_extractor", registry)
    errors: dict[tuple[str, str], list[list[float]]] = {}
    for path in sorted(photos.glob("*.jpg")):
        try:
            texture, fit = partial_albedo(load_photo(path), with_colour=True)
        except FacetexError:
            continue
        skin = face_crop(skin_only(texture, fit.model), fit.model)
        truth = extractor.describe(skin)[0]
        for name, split in SPLITS.items():
            seen = extractor.describe(hide(skin, split), cells_of(bank.grid, skin.size))
            for solver in SOLVERS:
                weights = registry.make("blend_solver", solver, {}).solve(merge(seen), seen_like(bank, seen))
                found = relative_error(mix(whole(bank), weights), truth)
                errors.setdefault((name, solver), []).append(list(found.values()))
    for (name, solver), rows in errors.items():
        print(f"{name:13} {solver:8} {len(rows)} faces", np.mean(rows, 0).round(3), list(found))


if __name__ == "__main__":
    main()
