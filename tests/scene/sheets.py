"""Pictures laid out as sheets: rows and columns with names."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw


def sheet(rows: Mapping[str, Mapping[str, Path]], side: int, path: Path) -> Path:
    """A row of pictures each, named within them; written as JPEG, for sheets are looked at and thrown away."""
    columns = max(map(len, rows.values()))
    whole = Image.new("RGB", (side * columns, side * len(rows)))
    for down, (title, pictures) in enumerate(rows.items()):
        for across, (name, picture) in enumerate(pictures.items()):
            tile = Image.open(picture).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
            ImageDraw.Draw(tile).text((4, 3), name if across else f"{title}: {name}", fill=(255, 255, 0))
            whole.paste(tile, (side * across, side * down))
    whole.save(path, quality=88)
    return path


def pages(rows: Mapping[str, Mapping[str, Path]], side: int, folder: Path, name: str, most: int = 8) -> list[Path]:
    """As many sheets as it takes: more rows than `most` cannot be looked at together."""
    titles = list(rows)
    return [
        sheet({title: rows[title] for title in titles[start : start + most]}, side, folder / f"{name}_{start // most + 1}.jpg")
        for start in range(0, len(titles), most)
    ]
