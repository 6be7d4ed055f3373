"""Draws docs/pictures/stages.jpg, what every stage makes of the astronaut picture: python docs/stage_pictures.py."""

from pathlib import Path

from facetex_model_zoo import open_bank
from PIL import Image, ImageDraw, ImageOps

from facetex_core import Registry, load_preset
from facetex_core.delivery.pictures import stage_pictures
from facetex_core.io.photo_file import example_photo

SIDE, COLUMNS, CAPTION = 300, 5, 22


def main() -> None:
    """Runs the default pipeline and lays the report's pictures out."""
    recipe = load_preset("embedded")
    run = recipe.build(Registry(), open_bank(recipe.bank)).run(example_photo())
    pictures = stage_pictures(run)
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + CAPTION)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, pixels) in enumerate(pictures.items()):
        x, y = number % COLUMNS * SIDE, number // COLUMNS * (SIDE + CAPTION)
        draw.text((x + 4, y + 4), name, fill="black", font_size=14)
        sheet.paste(ImageOps.pad(Image.fromarray(pixels), (SIDE - 4, SIDE - 4), color="white"), (x + 2, y + CAPTION))
    sheet.save(Path(__file__).parent / "pictures" / "stages.jpg", quality=88)


if __name__ == "__main__":
    main()
