"""One picture after the other, each written as soon as it is whole."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click

from facetex_cli.read_head import read_head
from facetex_core.config import Recipe
from facetex_core.geometry.camera import PORTRAITS, portrait_camera
from facetex_core.imaging.colour import to_bytes
from facetex_core.io import texture_files
from facetex_core.lighting.studio import studio
from facetex_core.listeners import collecting
from facetex_core.registry import Registry
from facetex_core.stages import Renderer
from facetex_core.structures import Camera, Fit, Lighting, Photo
from facetex_core.workbench.evaluation.environment import light_of

ROUND = 4.0
"""Seconds of a turntable."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What `facetex render` was asked for."""

    out: Path
    recipe: Recipe
    hdris: Mapping[str, Path]
    """By the name that their pictures get."""
    views: tuple[str, ...]
    frames: int
    """Of a turntable; 0: none."""
    size: int
    as_json: bool
    quiet: bool


def work(path: Path, order: RenderOptions) -> int:
    """Renders everything; says what was made."""
    from tqdm import tqdm

    begin = time.perf_counter()
    with collecting() as said:
        registry = Registry()
        lights = [_lit(prefix, hdri, order.recipe, registry) for prefix, hdri in order.hdris.items()]
        lights = lights or [("", studio(), _make(order.recipe, registry))]
        head = read_head(path)
        order.out.mkdir(parents=True, exist_ok=True)
        files: list[Path] = []
        hidden = order.quiet or not sys.stderr.isatty()
        total = len(lights) * (len(order.views) + order.frames)
        with tqdm(total=total, desc="render", disable=hidden, leave=False, file=sys.stderr) as bar:
            for prefix, lighting, renderer in lights:
                turn = []
                for name, camera in _cameras(head.fit, order):
                    picture = renderer.render(head, camera, lighting)
                    files.append(texture_files.write(order.out / f"{prefix}{name}.png", texture_files.colour_png(picture.rgb)))
                    turn += [picture] if name.startswith("turn-") else []
                    bar.update()
                files += [_film(turn, order.out / f"{prefix}turntable.webp")] if turn else []
    seconds = round(time.perf_counter() - begin, 3)
    if order.as_json:
        told = {"head": head.name, "files": [str(file) for file in files], "seconds": seconds, "warnings": said}
        click.echo(json.dumps(told))
    elif not order.quiet:
        click.echo(f"{head.name}: {len(files)} files in {click.format_filename(order.out)} ({seconds:.0f} s)")
    return 0


def _make(recipe: Recipe, registry: Registry) -> Renderer:
    return cast("Renderer", recipe.make("renderer", registry))


def _lit(name: str, hdri: Path, recipe: Recipe, registry: Registry) -> tuple[str, Lighting, Renderer]:
    """A panorama as harmonics, and whole to a renderer that has an option for it."""
    lighting = light_of(hdri)
    offered = {option.name for option in registry.find("renderer", recipe.stages["renderer"].name).options}
    whole = recipe.setting("renderer", "hdri", hdri) if "hdri" in offered else recipe
    return f"{name}-", lighting, _make(whole, registry)


def _cameras(fit: Fit, order: RenderOptions) -> Iterator[tuple[str, Camera]]:
    for name in order.views:
        yield name, portrait_camera(fit, PORTRAITS[name], order.size)
    for frame in range(order.frames):
        yield f"turn-{frame:03d}", portrait_camera(fit, 360 * frame / order.frames, order.size)


def _film(frames: list[Photo], file: Path) -> Path:
    """An animated WebP that goes round for ever."""
    from PIL import Image

    first, *others = (Image.fromarray(to_bytes(frame.rgb)) for frame in frames)
    pause = round(1000 * ROUND / len(frames))
    first.save(file, "WEBP", save_all=True, append_images=others, duration=pause, loop=0, quality=90, method=2)
    return file
