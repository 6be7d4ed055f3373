"""Runs photos through facetex and lays out input, albedo and three renders of each.

python tests/benchmarks/contact_sheet.py PHOTO... -o OUT
"""

import subprocess
import sys
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw

PICTURES = ("renders/photo.png", "albedo.png", "renders/front.png", "renders/three_quarter.png", "renders/side.png")
ROWS = 6
"""Photos on a sheet: more cannot be looked at."""


def row_of(folder: Path, side: int) -> Image.Image:
    """The five pictures of one head, named."""
    row = Image.new("RGB", (side * len(PICTURES), side))
    for column, name in enumerate(PICTURES):
        picture = Image.open(folder / name).convert("RGB")
        if name.endswith("photo.png"):
            picture = picture.crop((0, 0, picture.width // 2, picture.height))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        row.paste(picture, (column * side + (side - picture.width) // 2, (side - picture.height) // 2))
    ImageDraw.Draw(row).text((6, 4), folder.name, fill=(255, 255, 0))
    return row


@click.command()
@click.argument("photos", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the heads and sheet_1.png, sheet_2.png, ..."
)
@click.option("--side", default=380, show_default=True, help="Pixels of one picture.")
@click.option("--example", is_flag=True, help="The astronaut picture alone.")
@click.option("--size", default=1024, show_default=True)
def main(photos: tuple[Path, ...], out: Path, side: int, example: bool, size: int) -> None:
    """Heads of all photos, and contact sheets of them; photos that are refused are named."""
    files = sorted(
        file for path in photos for file in ([path] if path.is_file() else path.iterdir()) if file.suffix in (".jpg", ".png")
    )
    heads = []
    for photo in [None] if example else files:
        folder = out / (photo.stem if photo else "astronaut")
        source = [str(photo)] if photo else ["--example"]
        done = subprocess.run(
            [sys.executable, "-m", "facetex_cli", "run", *source, "-o", str(folder), "--size", str(size), "--quiet"],
            capture_output=True,
            text=True,
            check=False,
        )
        print(folder.name, "ok" if done.returncode == 0 else "refused", done.stderr.strip(), flush=True)
        heads += [folder] if done.returncode == 0 else []
    for number, start in enumerate(range(0, len(heads), ROWS), 1):
        rows = [np.asarray(row_of(folder, side)) for folder in heads[start : start + ROWS]]
        Image.fromarray(np.concatenate(rows)).save(out / f"sheet_{number}.png")


if __name__ == "__main__":
    main()
