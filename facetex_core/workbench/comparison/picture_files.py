"""The pictures of a comparison as PNG files, one by one, and on sheets with a row for each variant."""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from facetex_core.imaging.resize import resized
from facetex_core.io.atomic import write_whole
from facetex_core.lazy import cv2
from facetex_core.workbench.comparison.pictures import ON_SHEET, PAGE_SIDE

SHEET_ROWS = 8
"""Variants on a sheet."""
LINE_HEIGHT, FONT_SIZE = 40, 22
"""Pixels of a line of text, and of its letters."""
PAPER, INK = 255, (20, 24, 32)


def folder_of(pictures: Path, photo: str, variant: str = "") -> Path:
    """Where the pictures of a photo, or of one of its variants, are."""
    return pictures.joinpath(*map(file_name, filter(None, (photo, variant))))


def file_name(name: str) -> str:
    """One that every system takes; of two names that differ no two are alike."""
    plain = re.sub(r"[^\w.=+-]", "_", name.replace(" · ", "__"), flags=re.ASCII)[:80].strip("._-")
    return plain if plain and plain.replace("__", " · ") == name else f"{plain}_{zlib.crc32(name.encode()):08x}"


def quick_png(pixels: UInt8[np.ndarray, "high wide 3"]) -> bytes:
    """Written ten times as fast as a texture, and a little larger."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))[1].tobytes())


def save_pictures(folder: Path, pictures: Mapping[str, bytes]) -> None:
    """Each as KIND.png."""
    for kind, png in pictures.items():
        write_whole(folder / f"{kind.replace(' ', '_')}.png", png)


def save_sheets(pictures: Path, photo: str, variants: Sequence[str]) -> None:
    """grid.png, grid_2.png and so on in the photo's folder; a variant without pictures has no row."""
    made = [(name, folder_of(pictures, photo, name)) for name in variants]
    made = [(name, folder) for name, folder in made if folder.is_dir()]
    for number, start in enumerate(range(0, len(made), SHEET_ROWS), 1):
        name = "grid.png" if number == 1 else f"grid_{number}.png"
        write_whole(folder_of(pictures, photo) / name, quick_png(_sheet(made[start : start + SHEET_ROWS])))


def _sheet(rows: Iterable[tuple[str, Path]]) -> UInt8[np.ndarray, "high wide 3"]:
    heads = np.concatenate([_line(kind, PAGE_SIDE) for kind in ON_SHEET], 1)
    parts = [heads]
    for name, folder in rows:
        tiles = [_tile(folder / f"{kind}.png") for kind in ON_SHEET]
        parts += [np.concatenate(tiles, 1), _line(name, heads.shape[1])]
    return np.concatenate(parts)


def _tile(file: Path) -> UInt8[np.ndarray, "side side 3"]:
    from PIL import Image

    with Image.open(file) as picture:
        return resized(np.asarray(picture.convert("RGB")), (PAGE_SIDE, PAGE_SIDE), smooth=True)


def _line(text: str, wide: int) -> UInt8[np.ndarray, "high wide 3"]:
    from PIL import Image, ImageDraw, ImageFont

    paper = Image.new("RGB", (wide, LINE_HEIGHT), (PAPER,) * 3)
    ImageDraw.Draw(paper).text((8, LINE_HEIGHT // 2), text, INK, ImageFont.load_default(FONT_SIZE), anchor="lm")
    return np.asarray(paper)
