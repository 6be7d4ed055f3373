"""Writes the four files of a comparison, each whole or not at all."""

import json
from pathlib import Path

from facetex_core.delivery.record import recipe_table, versions
from facetex_core.delivery.template import template
from facetex_core.errors import ConfigError
from facetex_core.io.atomic import write_whole
from facetex_core.workbench.comparison.pictures import PAGE_SIDE
from facetex_core.workbench.comparison.record import Comparison, comparison_csv, comparison_json, page_data
from facetex_core.workbench.comparison.variants_glb import variants_glb

MARK, CACHE = ".facetex-compare", "cache"
"""What tells a folder of comparisons from others, and where the work that was done is kept in it."""


def open_folder(folder: Path) -> None:
    """Makes the folder and marks it as one of comparisons."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def refuse_foreign(folder: Path) -> None:
    """A folder with other things in it is not written to."""
    if folder.is_dir() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: contains other files than a comparison's; choose a new folder by -o")


def deliver(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """compare.html, compare.json, compare.csv and variants.glb in the folder."""
    contents = {
        "compare.json": comparison_json(comparison).encode("utf-8"),
        "compare.csv": comparison_csv(comparison).encode("utf-8"),
        "variants.glb": variants_glb(comparison.outcomes, [each.name for each in comparison.variants]),
        "compare.html": comparison_html(comparison).encode("utf-8"),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
    return tuple(folder / name for name in contents)


def comparison_html(comparison: Comparison) -> str:
    """The page; it needs nothing but itself."""
    data, efforts = page_data(comparison)
    first = comparison.variants[0]
    return str(
        template(__package__, "compare").render(
            photos=comparison.photos,
            variants=comparison.variants,
            base=recipe_table(first.recipe),
            compared={role: dict.fromkeys(each.chosen[role] for each in comparison.variants) for role in first.chosen},
            side=PAGE_SIDE,
            data=_script(data),
            efforts=_script(efforts),
            models=comparison.models,
            versions=versions(),
        )
    )


def _script(data: object) -> str:
    """JSON that no browser takes for markup."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
