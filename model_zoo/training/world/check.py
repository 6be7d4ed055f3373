"""Whether the truth agrees with itself, how fast pictures are made, and a sheet to look at."""

import resource
from importlib.util import find_spec

import click
import cv2
import msgspec
import numpy as np
from jaxtyping import Float, Float32, UInt8

from facetex_core.geometry.raycast import Scene
from facetex_core.structures import MorphableModel
from training.common.portraits import basis
from training.common.steps import Run
from training.world.degrade import degraded
from training.world.render import Arrays, interpolated, shot
from training.world.settings import Settings
from training.world.shards import World, maker, write_shard

LOOKED_AT = 40
"""Pictures of a world that are checked."""
TIMED = 120
"""Pictures that speed is measured on."""
SHOWN = 10
"""Rows of the sheet."""


def unprojected(depth: Float[np.ndarray, "side side"], fields: Arrays) -> Float32[np.ndarray, "side side 3"]:
    """Places in the head's frame of the pixels' middles."""
    rows, columns = np.mgrid[0 : len(depth), 0 : len(depth)] + 0.5
    pixels = np.stack([columns, rows, np.ones_like(rows)], 2)
    seen = pixels @ np.linalg.inv(fields["intrinsics"].astype(np.float64)).T * depth[..., None]
    pose = fields["world_to_camera"].astype(np.float64)
    return np.asarray((seen - pose[:3, 3]) @ pose[:3, :3], np.float32)


def posed(model: MorphableModel, fields: Arrays) -> Float32[np.ndarray, "vertices 3"]:
    """The head of a picture with its expression."""
    moved = np.tensordot(fields["expression"], model.expression, 1)
    return np.asarray(model.mean + fields["shape"].astype(np.float32) + moved, np.float32)


def errors(model: MorphableModel, fields: Arrays) -> dict[str, float]:
    """How far depth lies off the head, and off the place that triangle and weights name; degrees between normals and depth."""
    head, hit = posed(model, fields), fields["triangle"] >= 0
    places = unprojected(fields["depth"], fields)
    named = interpolated(head, model, fields)
    closest = Scene(head, model.mesh.triangles).closest_points(places[hit])
    across, down = (np.roll(places, -1, axis) - np.roll(places, 1, axis) for axis in (1, 0))
    normals = np.cross(down, across) @ fields["world_to_camera"][:3, :3].T
    cosine = (normals * fields["normals"]).sum(2) / np.maximum(np.linalg.norm(normals, axis=2), 1e-12)
    inside = cv2.erode(hit.astype(np.uint8), np.ones((5, 5))) > 0
    return {
        "depth off the head (mm, 99 %)": 1000 * float(np.quantile(np.linalg.norm(closest - places[hit], axis=1), 0.99)),
        "depth off its own place (mm, 99 %)": 1000 * float(np.quantile(np.linalg.norm(named - places, axis=2)[hit], 0.99)),
        "normals off depth (degrees, median)": float(np.degrees(np.arccos(np.clip(np.median(cosine[inside]), -1, 1)))),
        "landmarks seen (share)": float(fields["seen"][:68].mean()),
        "covered (share)": float((fields["alpha"] > 127).mean()),
    }


def check(run: Run[Settings]) -> None:
    """Prints means over pictures spread over the world."""
    world, model = World(run.work / "shards"), basis(with_colour=True)
    some = np.unique(np.linspace(0, len(world) - 1, LOOKED_AT).astype(int))
    rows = [errors(model, world[int(number)]) for number in some]
    click.echo(f"{len(world)} pictures; of {len(rows)} of them:")
    for name in rows[0]:
        click.echo(f"  {name}: mean {np.mean([row[name] for row in rows]):.3f}, most {max(row[name] for row in rows):.3f}")


def speed(run: Run[Settings]) -> None:
    """Processor time of pictures with their file, in one process."""
    path, settings = run.work / "speed.h5", run.settings
    own = maker(run.work / "assets", settings.texels)
    shot(own, 0, settings)  # what is made once a process
    start = _processor_seconds()
    write_shard(path, (shot(own, number, settings) for number in range(1, TIMED + 1)), TIMED)
    each, size = (_processor_seconds() - start) / TIMED, path.stat().st_size / TIMED / 1e6
    path.unlink()
    figures = f"{each:.3f} processor seconds and {size:.2f} MB a picture of {settings.side} pixels over {TIMED} pictures"
    click.echo(f"{settings.renderer}: {figures}; 10,000 on two cores: {each * 10000 / 2 / 60:.0f} minutes")


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def sheet(run: Run[Settings]) -> None:
    """Writes sheet.png (a row a picture, with everything that is true of it) and heads.png."""
    world, model = World(run.work / "shards"), basis(with_colour=True)
    rows = [_row(world[number], model, run) for number in range(min(SHOWN, len(world)))]
    cv2.imwrite(str(run.work / "sheet.png"), np.vstack(rows)[..., ::-1])
    some = World(run.work / "shards", ("picture",))
    heads = [some[number]["picture"] for number in range(min(48, len(some)) // 8 * 8)]
    if heads:
        lines = [np.hstack(heads[first : first + 8]) for first in range(0, len(heads), 8)]
        cv2.imwrite(str(run.work / "heads.png"), np.vstack(lines)[..., ::-1])


def _row(fields: Arrays, model: MorphableModel, run: Run[Settings]) -> UInt8[np.ndarray, "side width 3"]:
    """Picture, path traced where Mitsuba is there, degraded, points, depth, normals, place, albedo, relief, label, covers."""
    number, hit = int(fields["number"]), (fields["triangle"] >= 0)[..., None]
    pictures = [fields["picture"], degraded(fields["picture"], run.settings.degradation, np.random.default_rng(number))]
    if find_spec("mitsuba") and run.settings.renderer == "raster":
        slow = msgspec.structs.replace(run.settings, renderer="mitsuba")
        pictures.insert(1, shot(maker(run.work / "assets", slow.texels), number, slow)["picture"])
    marked = fields["picture"].copy()
    for (x, y), seen in zip(fields["points"][:68], fields["seen"][:68], strict=True):
        cv2.circle(marked, (int(x), int(y)), 1, (0, 255, 0) if seen else (255, 0, 0), -1)
    low, high = model.mean.min(0), model.mean.max(0)
    near = (fields["depth"] - fields["origin"])[..., None]
    grey = [0.5 - 4 * near, 0.5 + 400 * fields["relief"].astype(np.float32)[..., None]]
    colour = [0.5 - 0.5 * fields["normals"] * [-1, 1, 1], interpolated((model.mean - low) / (high - low), model, fields)]
    maps = [np.broadcast_to(255 * np.clip(each, 0, 1) * hit, (*hit.shape[:2], 3)) for each in (*colour, *grey)]
    flat = [20 * fields["label"], fields["alpha"], fields["cover"]]
    pictures += [marked, *maps, fields["albedo"], *(np.repeat(each[..., None], 3, 2) for each in flat)]
    return np.hstack([each.astype(np.uint8) for each in pictures])
