"""What the suites wear and how they are photographed: skins, panoramas, shapes and seeds that no training sees."""

from dataclasses import replace
from pathlib import Path

import click
import msgspec
import numpy as np

from facetex_core.lighting.panorama import read_panorama
from facetex_core.structures import MorphableModel
from facetex_core.workbench.evaluation.synthetic import BANDS, TILT
from training.common.data import DATA
from training.common.making import needed
from training.common.portraits import extract
from training.common.steps import Run
from training.world.assets import mended, painted, photographed, targets
from training.world.figure import Wardrobe
from training.world.light import FINER, ROWS
from training.world.makehuman import MakeHuman
from training.world.recipe import Recipe, draw
from training.world.settings import Settings

SEEDS = {"raster": 1000, "mitsuba": 1001, "makehuman": 1002}
"""Of each suite, added to the training's: heads are others."""
LARGE = (0.45, 0.72)
"""Share of the picture's height that a face takes."""
EXPOSED, STEADY = 0.05, 0.5
"""The world's mean exposure, and how much of its spread photographs of the suites have."""
MILD = np.float32(0.6)
"""How strong expressions are, beside the world's: most people photographed do not scream."""
GREY = (0.2, 0.2, 0.2)
"""Cloth of those that the world lets go without: a neck has an edge."""
TURNED = 2**21
"""The stream of numbers that the pose is drawn from."""


def unseen(settings: Settings, kind: str) -> Settings:
    """The settings of a suite's pictures: faces can be seen, and skins are those that there are."""
    suite = settings.suite
    shares = msgspec.structs.replace(settings.shares, dark=0.0, photographed=1.0)
    return msgspec.structs.replace(
        settings,
        seed=settings.seed + SEEDS[kind],
        views=1,
        side=suite.side,
        texels=suite.texels,
        shares=shares,
    )


def recipe_of(number: int, model: MorphableModel, settings: Settings) -> Recipe:
    """The recipe of a head: yaw within 0 to 30 and 30 to 60 degrees by turns."""
    recipe, rng = draw(number, model, settings), np.random.default_rng([settings.seed, number, TURNED])
    yaw = rng.uniform(*BANDS[number % len(BANDS)]) * rng.choice([-1.0, 1.0])
    pitch, roll = (float(np.clip(angle, -TILT, TILT)) for angle in (recipe.pose.pitch, recipe.pose.roll))
    face = float(rng.uniform(*LARGE))
    pose = replace(recipe.pose, yaw=float(yaw), pitch=pitch, roll=roll, face=face)
    light = replace(recipe.light, exposure=EXPOSED + STEADY * (recipe.light.exposure - EXPOSED))
    mild = MILD * recipe.expression
    return replace(recipe, pose=pose, light=light, expression=mild, cloth=recipe.cloth or GREY)


def panoramas() -> list[Path]:
    """Those that tests use, by name."""
    return sorted((DATA / "hdri").glob("*.hdr"))


def make_wardrobe(run: Run[Settings], human: MakeHuman) -> None:
    """Writes skins, panoramas and targets to the folder `unseen`."""
    folder, model = run.work / "unseen", human.model
    folder.mkdir(exist_ok=True)
    extract(DATA / "photos/dev", folder / "portraits", with_colour=True, jobs=run.jobs)
    skins = [*painted(human, model, unseen=True), *photographed(model, folder / "portraits")]
    np.save(folder / "skins.npy", np.stack(skins))
    np.save(folder / "panoramas.npy", np.stack([mended(read_panorama(path, FINER * ROWS)) for path in panoramas()]))
    np.save(folder / "targets.npy", targets(human, unseen=True))
    click.echo(f"{len(skins)} unseen skins")


def read_wardrobe(work: Path) -> Wardrobe:
    """What `make_wardrobe` wrote; pieces are those of the step `assets`."""
    pieces = Wardrobe.read(needed(work / "assets", "world assets")).pieces
    return replace(Wardrobe.read(needed(work / "unseen", "world suite")), pieces=pieces)
