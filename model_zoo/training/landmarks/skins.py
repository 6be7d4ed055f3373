"""The skin of every portrait of a folder over the basis's UV map, lit as it was: what rendered heads wear."""

import logging
from pathlib import Path

import click
import cv2
import numpy as np

from facetex_core import FacetexError
from facetex_core.io.photo_file import load_photo
from facetex_core.structures import Texture
from training.common.data import DATA
from training.common.portraits import front_half


def lit_skin(path: Path) -> Texture:
    """What a run unwraps from a photograph."""
    front = front_half(with_colour=True)
    observation = front.observe(load_photo(path))
    (fit,) = front.fitter.fit([observation])
    return front.unwrapped(observation, fit).lit


@click.command(help=__doc__)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder of the caches.")
@click.option("--folder", default="bank", show_default=True)
def main(work: Path, folder: str) -> None:
    """Writes one file a portrait into WORK/textures_FOLDER."""
    cv2.setNumThreads(1)
    logging.getLogger("facetex").setLevel(logging.ERROR)
    target = work / f"textures_{folder}"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted((DATA / "photos" / folder).glob("*.*g")):
        try:
            skin = lit_skin(path)
        except FacetexError as error:
            click.echo(f"left out {path.name}: {error}")
            continue
        rgb, visibility = skin.rgb.astype(np.float16), skin.visibility.astype(np.float16)
        np.savez(target / f"{path.stem}.npz", rgb=rgb, visibility=visibility)
    click.echo(f"{len(list(target.iterdir()))} skins")


if __name__ == "__main__":
    main()
