"""Heads that no training sees, photographed, with what is true of them: of the basis, and of MakeHuman's own mesh."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float32

from facetex_core import Photo
from facetex_core.geometry.camera import project
from facetex_core.imaging.colour import decode_srgb, to_bytes
from facetex_core.workbench.evaluation.suite import Case, Neutral, Truth
from training.world.buffers import filtered, points_of
from training.world.degrade import photographed
from training.world.figure import Figure, Maker
from training.world.human import HumanHeads
from training.world.human_figure import Humans
from training.world.render_raster import Raster, Rendered, picture
from training.world.settings import Settings
from training.world.unseen import panoramas, recipe_of, unseen

FILM = 2**23
"""The stream of numbers that noise is drawn from."""
LANDMARKS, INNER = 68, slice(17, 68)
HALF, MOST = 0.5, 0.2
"""A point is covered from so much on, and so many points may be; else the head goes without hair."""
Linear = Float32[np.ndarray, "side side 3"]
Renderer = Callable[[Raster, Rendered], tuple[Linear, Float32[np.ndarray, "side side"]]]


def basis_case(number: int, renderer: str, maker: Maker, settings: Settings) -> Case:
    """A head of the basis, made as the world's are, by `raster` or `mitsuba`."""
    own = unseen(settings, renderer)
    recipe = recipe_of(number, maker.model, own)
    raster = Raster(maker.figure(recipe, own.side))
    rendered, points = raster.render(), points_of(maker.model, raster.figure.vertices)
    if hidden(raster, rendered, points):
        raster = Raster(maker.figure(replace(recipe, hair=None), own.side))
        rendered = raster.render()
    figure = raster.figure
    about = {**_about(figure, renderer, own), "identity": figure.identity.tolist(), "expression": recipe.expression.tolist()}
    mesh = replace(maker.model.mesh, vertices=figure.vertices)
    neutral = Neutral(maker.model.name, figure.neutral)
    truth = replace(_truth(figure, points), mesh=mesh, face=maker.face, neutral=neutral, about=about)
    return Case(f"{number + 1:04}", _photo(raster, rendered, _tracer(own) if renderer == "mitsuba" else picture, own), truth)


def human_case(number: int, maker: Maker, heads: HumanHeads, settings: Settings) -> Case:
    """A head of MakeHuman at rest, on its own mesh."""
    own, humans = unseen(settings, "makehuman"), Humans(heads, maker)
    recipe = recipe_of(number, maker.model, own)
    human = humans.made(recipe, own.seed, own.side)
    rendered, points = human.raster.render(), points_of(maker.model, human.neutral)
    if hidden(human.raster, rendered, points):
        human = humans.made(replace(recipe, hair=None), own.seed, own.side)
        rendered = human.raster.render()
    identity = maker.people.coefficients(human.neutral - maker.model.mean)
    about = {**_about(human.raster.figure, "raster", own), "identity": identity.tolist()}
    about |= {"mixture": human.shape.mixture, "targets": human.shape.sliders}
    neutral = Neutral(maker.model.name, human.neutral)
    truth = _truth(human.raster.figure, points)
    truth = replace(truth, mesh=human.mesh, face=heads.face_of_mesh, neutral=neutral, at_rest=True, about=about)
    return Case(f"{number + 1:04}", _photo(human.raster, rendered, picture, own), truth)


def hidden(raster: Raster, rendered: Rendered, points: Float32[np.ndarray, "points 3"]) -> bool:
    """Whether what is worn covers too much of the inner face."""
    camera = raster.figure.camera
    side = camera.size[0]
    column, row = project(camera, points[INNER]).astype(int).clip(0, side - 1).T
    return bool((filtered(rendered.cover, side)[row, column, 1] > HALF).mean() > MOST)


def _truth(figure: Figure, points: Float32[np.ndarray, "points 3"]) -> Truth:
    """Camera and points, in space and in the picture."""
    at = project(figure.camera, points)
    return Truth(points=points[:LANDMARKS], landmarks=at[:LANDMARKS], dense=at[LANDMARKS:], camera=figure.camera)


def _about(figure: Figure, renderer: str, settings: Settings) -> dict[str, object]:
    recipe, paths = figure.recipe, panoramas()
    light = "made up" if recipe.light.panorama is None else paths[recipe.light.panorama % len(paths)].stem
    pose = {"yaw": recipe.pose.yaw, "pitch": recipe.pose.pitch, "roll": recipe.pose.roll}
    return {"seed": settings.seed, "number": recipe.number, "renderer": renderer, "light": light, **pose}


def _tracer(settings: Settings) -> Renderer:
    from training.world.render_mitsuba import traced

    return partial(traced, samples=settings.samples)


def _photo(raster: Raster, rendered: Rendered, render: Renderer, settings: Settings) -> Photo:
    """As a good camera has it."""
    recipe = raster.figure.recipe
    linear, _ = render(raster, rendered)
    coded = photographed(to_bytes(linear), np.random.default_rng([settings.seed, recipe.number, FILM]))
    return Photo(decode_srgb(coded.astype(np.float32) / 255), f"{recipe.number + 1:04}.png")
