"""What came of a comparison, in files that are whole or not there; what was measured by the clock stands apart."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from facetex_core.delivery.pictures import template
from facetex_core.delivery.record import recipe_table, versions
from facetex_core.delivery.viewer.view import Cell, packed, view_html
from facetex_core.errors import ConfigError
from facetex_core.io.atomic import write_whole
from facetex_core.metrics import METRICS, Metric
from facetex_core.workbench.comparison.compare import Outcome
from facetex_core.workbench.comparison.grid import COMPARED, Variant
from facetex_core.workbench.comparison.metrics import BAKED, BAKED_NOTE, MEASURED, title_of
from facetex_core.workbench.comparison.picture_files import save_sheets
from facetex_core.workbench.comparison.pictures import CROP_PLACES, PAGE_SIDE, PICTURES
from facetex_core.workbench.comparison.tables import Rows, latex, markdown
from facetex_core.workbench.comparison.variants_glb import variants_glb

METRIC_FIELDS = ("title", "about", "digits", "better")
"""What the page tells of a metric."""
MARK, CACHE, PNGS = ".facetex-compare", "cache", "pictures"
"""What tells a folder of comparisons from others, and where the work that was done and the pictures are kept in it."""
MOST_TURNED = 32_000_000
"""Letters of the page that hold heads to be turned; those of the photos that come after are in variants.glb only."""


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Every variant of every photo, photo by photo in the order of the variants."""

    variants: Sequence[Variant]
    outcomes: Sequence[Outcome]
    models: Mapping[str, Mapping[str, object]]
    """Of each model that was used: sha256, licence, source, and under `commercial` whether commercial use is free."""
    known: Mapping[str, Metric] = field(default_factory=METRICS.copy)
    """Every metric that was asked for, those of plugins last."""

    @property
    def photos(self) -> list[str]:
        """Their names in order."""
        return list(dict.fromkeys(each.photo for each in self.outcomes))

    def of(self, photo: str) -> list[Outcome]:
        """The outcomes of a photo."""
        return [each for each in self.outcomes if each.photo == photo]

    def means(self, variant: Variant) -> dict[str, float]:
        """Each figure over the photos that the variant has it for."""
        found = [each.figures for each in self.outcomes if each.variant is variant]
        values = {name: [figures[name] for figures in found if name in figures] for name in self.metrics}
        return {name: sum(some) / len(some) for name, some in values.items() if some}

    @property
    def metrics(self) -> list[str]:
        """Those that have a value anywhere, in the order of the table."""
        return [name for name in self.known if any(name in each.figures for each in self.outcomes)]


def comparison_json(comparison: Comparison) -> str:
    """All figures with their differences to the photo's first head; what changes from run to run stands under `measured`."""
    record = {
        "metrics": {name: _about(name, comparison.known[name]) for name in comparison.metrics},
        "variants": [{"name": each.name, "recipe": recipe_table(each.recipe)} for each in comparison.variants],
        "cases": [_case(each, first_of(comparison.of(each.photo))) for each in comparison.outcomes],
        "models": {name: dict(facts) for name, facts in comparison.models.items()},
        "versions": versions(),
        "measured": [_efforts(each) for each in comparison.outcomes],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _about(name: str, metric: Metric) -> str:
    return f"{metric.about} ({BAKED_NOTE})" if name in BAKED else metric.about


def first_of(outcomes: Sequence[Outcome]) -> Mapping[str, float]:
    """The figures that the others of a photo are held against."""
    return next((each.figures for each in outcomes if not each.error), {})


def _case(each: Outcome, first: Mapping[str, float]) -> dict[str, object]:
    figures = {name: round(value, 5) for name, value in each.figures.items() if name not in MEASURED}
    differences = {name: round(each.figures[name] - first[name], 5) for name in figures if name in first}
    about = {"photo": each.photo, "variant": each.variant.name, **each.variant.chosen}
    return {**about, "figures": figures, "differences": differences, "error": each.error, "warnings": list(each.warnings)}


def _efforts(each: Outcome) -> dict[str, object]:
    spent = {name: round(each.figures[name], 3) for name in MEASURED if name in each.figures}
    stages = {name: round(value, 3) for name, value in each.seconds.items()}
    return {"photo": each.photo, "variant": each.variant.name, **spent, "stages": stages}


def comparison_csv(comparison: Comparison) -> str:
    """A row a case; the efforts are the columns of the metrics' names."""
    roles = [role for role in COMPARED if role in comparison.variants[0].chosen]
    text = StringIO()
    table = csv.DictWriter(text, ["photo", "variant", *roles, *comparison.metrics, "error"], lineterminator="\n")
    table.writeheader()
    for each in comparison.outcomes:
        figures = {name: round(value, 5) for name, value in each.figures.items()}
        about = {"photo": each.photo, "variant": each.variant.name, "error": each.error}
        table.writerow({**about, **each.variant.chosen, **figures})
    return text.getvalue()


def page_data(comparison: Comparison) -> tuple[dict[str, object], list[dict[str, float]]]:
    """What the page's script shows, and apart from it the efforts; each picture once, cases name it by number."""
    pictures: dict[str, int] = {}
    cases, efforts = [], []
    for each in comparison.outcomes:
        shown = {kind: pictures.setdefault(uri, len(pictures)) for kind, uri in each.pictures.items()}
        figures = {name: round(value, 5) for name, value in each.figures.items()}
        efforts.append({name: figures.pop(name) for name in MEASURED if name in figures})
        cases.append({"figures": figures, "pictures": shown, "error": each.error, "warnings": list(each.warnings)})
    data = {
        "photos": comparison.photos,
        "variants": [each.name for each in comparison.variants],
        "kinds": [kind for kind in PICTURES if any(kind in each.pictures for each in comparison.outcomes)],
        "metrics": [
            {
                "name": name,
                **{key: getattr(comparison.known[name], key) for key in METRIC_FIELDS},
                "title": title_of(name, comparison.known[name]),
            }
            for name in comparison.metrics
        ],
        "cases": cases,
        "pictures": list(pictures),
    }
    return data, efforts


def open_folder(folder: Path) -> None:
    """Makes the folder and marks it as one of comparisons."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def refuse_foreign(folder: Path) -> None:
    """A folder with other things in it is not written to."""
    if folder.is_dir() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: contains other files than a comparison's; choose a new folder by -o")


def deliver(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """compare.html, compare.json, compare.csv, table.md, table.tex and variants.glb in the folder; sheets of its pictures."""
    names = [each.name for each in comparison.variants]
    contents = {
        "compare.json": comparison_json(comparison).encode("utf-8"),
        "compare.csv": comparison_csv(comparison).encode("utf-8"),
        "table.md": table_of(comparison, markdown).encode("utf-8"),
        "table.tex": table_of(comparison, latex).encode("utf-8"),
        "variants.glb": variants_glb(comparison.outcomes, names),
        "compare.html": comparison_html(comparison).encode("utf-8"),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
    for photo in comparison.photos:
        save_sheets(folder / PNGS, photo, [each.variant.name for each in comparison.of(photo) if each.glb])
    return tuple(folder / name for name in contents)


def table_of(comparison: Comparison, form: Callable[[Mapping[str, Metric], Rows, str], str]) -> str:
    """The means over the photos; a row says where a variant failed on some."""
    photos, rows = len(comparison.photos), []
    for variant in comparison.variants:
        made = sum(each.variant is variant and not each.error for each in comparison.outcomes)
        rows.append((variant.name + (f" ({made} of {photos} photos)" if made < photos else ""), comparison.means(variant)))
    caption = f"Means over {photos} photos." if photos > 1 else f"Of the photo {comparison.photos[0]}."
    return form({name: comparison.known[name] for name in comparison.metrics}, rows, caption)


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
            view=_view(comparison),
            crops=list(CROP_PLACES),
            baked_note=BAKED_NOTE,
            data=_script(data),
            efforts=_script(efforts),
            models=comparison.models,
            versions=versions(),
        )
    )


def _view(comparison: Comparison) -> str:
    """A cell for each variant, and the heads of as many photos as the page has room for; empty where there is no head."""
    names, glbs, letters = [each.name for each in comparison.variants], {}, 0
    for number, photo in enumerate(comparison.photos):
        heads = [each for each in comparison.of(photo) if each.glb]
        content = packed(variants_glb(heads, names)) if heads and letters < MOST_TURNED else ""
        letters += len(content)
        if content and letters <= MOST_TURNED:
            glbs[f"heads{number}"] = content
    return view_html([Cell(name, variant=number) for number, name in enumerate(names)], glbs) if glbs else ""


def _script(data: object) -> str:
    """JSON that no browser takes for markup."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
