"""Builds the bank that ships with facetex from partial albedos: correlations by cell, no pictures."""

from pathlib import Path

import click
import numpy as np
from bank_textures import load_textures
from facetex_model_zoo import model_path

from facetex_core import Bank, Registry, load_preset
from facetex_core.bank import cells_of, save_bank
from facetex_core.crop import face_crop, region, skin_only
from facetex_core.morphable_model import load_morphable_model
from facetex_core.structures import MorphableModel, Texture

GRID = 4
"""Cells along one side: masks of turned heads are met as well as by 8 (measured), at a quarter of the size."""
LEAST_SEEN = 0.45
"""Share of the face's skin that a portrait must show."""
OUT = Path(__file__).parents[1] / "facetex_model_zoo/files/default.bank"


@click.command()
@click.option("--work", type=click.Path(path_type=Path, exists=True), required=True, help="What bank_textures.py wrote.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
@click.option("--descriptor", default="small", show_default=True)
def main(work: Path, out: Path, descriptor: str) -> None:
    """Describes every face, cell by cell, plain skin only."""
    model = load_morphable_model(model_path("face_basis"))
    extractor = load_preset("embedded").choosing("descriptor_extractor", descriptor).make("descriptor_extractor", Registry())
    rows = []
    for texture in load_textures(work):
        skin = face_crop(skin_only(texture, model), model)
        share = (skin.visibility > 0).sum() / max((face_crop(whole(model, texture.size), model).visibility > 0).sum(), 1)
        if share >= LEAST_SEEN:
            rows.append(extractor.describe(skin, cells_of(GRID, skin.size)))
    layers = rows[0][0].correlations
    bank = Bank(
        rows[0][0].network,
        load_textures(work)[0].size,
        {layer: np.stack([[c.correlations[layer] for c in row] for row in rows]) for layer in layers},
        {layer: np.array([[c.mass[layer] for c in row] for row in rows], np.float32) for layer in layers},
        tuple(f"{index:03d}" for index in range(len(rows))),
    )
    save_bank(bank, out)
    print(f"{len(rows)} exemplars, {out.stat().st_size / 1e6:.1f} MB")


def whole(model: MorphableModel, size: int) -> Texture:
    """The plain skin of a face all of which is seen."""
    return skin_only(Texture(np.zeros((size, size, 3), np.float32), region(model, "face", size)), model)


if __name__ == "__main__":
    main()
