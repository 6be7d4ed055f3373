"""Writes heads that no training sees as suites of `facetex eval`, and a sheet of each to look at."""

from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import click
import cv2
import numpy as np
from jaxtyping import UInt8

from facetex_core import FacetexError, Photo
from facetex_core.config import load_preset
from facetex_core.imaging.colour import to_bytes
from facetex_core.io.photo_file import load_photo
from facetex_core.registry import Registry
from facetex_core.stages import Detector
from facetex_core.workbench.evaluation.suite import write_case
from training.common.data import DATA
from training.common.making import spread
from training.common.portraits import basis
from training.common.steps import Run
from training.world.figure import Maker
from training.world.human import HumanHeads
from training.world.makehuman import MakeHuman
from training.world.settings import Settings
from training.world.suite_cases import basis_case, human_case
from training.world.unseen import make_wardrobe, read_wardrobe

SHOWN, ACROSS = 256, 10
"""Pixels of a head on a sheet, and heads of a row."""


def suite(run: Run[Settings]) -> None:
    """Writes suite/raster, suite/mitsuba and suite/makehuman, and a sheet of each; prints how many faces are found."""
    make_wardrobe(run, MakeHuman(DATA, basis(with_colour=True)))
    counts = run.settings.suite
    for kind, count in (("raster", counts.raster), ("makehuman", counts.makehuman), ("mitsuba", counts.mitsuba)):
        if kind == "mitsuba" and not find_spec("mitsuba"):
            click.echo("mitsuba: left out; this would render them: pip install mitsuba")
            continue
        work = partial(write, run.work, run.settings, kind)
        folders = list(spread(work, range(count), run.jobs, kind))
        if folders:
            look_at(folders, run.work / "suite" / f"{kind}.png")


def write(work: Path, settings: Settings, kind: str, number: int) -> Path:
    """One case, unless it is there; its folder."""
    folder = work / "suite" / kind / f"{number + 1:04}"
    if not (folder / "neutral.npz").exists():
        maker = _maker(work, settings.suite.texels)
        case = (
            human_case(number, maker, _heads(), settings) if kind == "makehuman" else basis_case(number, kind, maker, settings)
        )
        write_case(folder.parent, case)
    return folder


@cache
def _maker(work: Path, texels: int) -> Maker:
    """A process's own."""
    return Maker(basis(with_colour=True), read_wardrobe(work), texels)


@cache
def _heads() -> HumanHeads:
    """A process's own."""
    return HumanHeads(MakeHuman(DATA, basis(with_colour=True)))


def look_at(folders: list[Path], sheet: Path) -> None:
    """Finds the faces with the detector, says in how many, and draws what it finds."""
    detector = load_preset("embedded").make("detector", Registry())
    pictures, missing = [], []
    for folder in folders:
        picture, found = _looked_at(detector, load_photo(folder / "photo.png"))
        pictures.append(picture)
        missing += [] if found else [folder.name]
    blank = np.zeros((SHOWN, SHOWN, 3), np.uint8)
    pictures += [blank] * (-len(pictures) % ACROSS)
    rows = [np.hstack(pictures[start : start + ACROSS]) for start in range(0, len(pictures), ACROSS)]
    cv2.imwrite(str(sheet), np.vstack(rows)[..., ::-1])
    there = len(folders) - len(missing)
    click.echo(f"{sheet.stem}: {there} of {len(folders)} faces found" + (f"; not {', '.join(missing)}" if missing else ""))


def _looked_at(detector: Detector, photo: Photo) -> tuple[UInt8[np.ndarray, "shown shown 3"], bool]:
    """The picture, small, and whether there is a face; a red edge where there is none."""
    picture = cv2.resize(to_bytes(photo.rgb), (SHOWN, SHOWN), interpolation=cv2.INTER_AREA)
    try:
        found = bool(detector.detect(photo))
    except FacetexError:
        found = False
    if not found:
        cv2.rectangle(picture, (0, 0), (SHOWN - 1, SHOWN - 1), (255, 0, 0), 5)
    return np.asarray(picture, np.uint8), found
