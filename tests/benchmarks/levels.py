"""How far levels of detail lie from the whole head: a drawn person of the model that ships.

python tests/benchmarks/levels.py [--heads 3]

For each number of triangles: millimetres from the whole skin's vertices to the coarse skin (mean, 99 of 100, most), at rest
and in shapes; the share of a head's outline that differs from ahead and from the side; seconds for all levels.
"""

import time

import click
import numpy as np
from facetex_plugins.export.glb import LOD_TRIANGLES
from facetex_plugins.export.levels import coarser
from facetex_plugins.export.pieces import in_pieces
from facetex_plugins.fit.basis import BasisFitter

from facetex_core import Fit
from facetex_core.geometry.raycast import Scene

SHAPES = {
    "rest": (),
    "jaw": ("jawOpen",),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "pucker": ("mouthPucker",),
}
STEP = 0.0005
"""Metres between the rays of an outline."""


def distances(fine, coarse, vertices):
    """Millimetres."""
    used = np.unique(fine.triangles[fine.parts["skin"]])
    there = Scene(vertices, coarse.triangles[coarse.parts["skin"]]).closest_points(vertices[used])
    return 1000 * np.linalg.norm(there - vertices[used], axis=1)


def outline(mesh, vertices, axis):
    """What parallel rays along an axis hit, seen in a rectangle round the head."""
    low, high = vertices.min(0) - 0.01, vertices.max(0) + 0.01
    others = [k for k in range(3) if k != axis]
    grid = np.stack(np.meshgrid(*(np.arange(low[k], high[k], STEP) for k in others), indexing="ij"), -1)
    starts = np.zeros((*grid.shape[:2], 3), np.float32)
    starts[..., others], starts[..., axis] = grid, low[axis]
    ways = np.zeros_like(starts)
    ways[..., axis] = 1
    return Scene(vertices, mesh.triangles).blocked(starts.reshape(-1, 3), ways.reshape(-1, 3))


@click.command()
@click.option("--heads", default=3, show_default=True, help="How many people are drawn.")
def main(heads):
    """Prints a table."""
    model, rng, found, seconds = BasisFitter().model, np.random.default_rng(0), {}, []
    for _ in range(heads):
        identity = rng.normal(0, 1, len(model.identity)).astype(np.float32)
        fit = in_pieces(Fit(model, identity, np.zeros(len(model.expression), np.float32), None))
        mesh, names = fit.model.mesh, model.expression_names
        start = time.perf_counter()
        levels = list(coarser(fit, LOD_TRIANGLES))
        seconds.append(time.perf_counter() - start)
        for count, level in zip(LOD_TRIANGLES, levels, strict=True):
            for shape, moved in SHAPES.items():
                vertices = fit.neutral + sum((model.expression[names.index(name)] for name in moved), np.float32(0))
                found.setdefault((count, shape), []).append(distances(mesh, level, vertices))
            for name, axis in (("ahead", 2), ("side", 0)):
                one, other = (outline(each, fit.neutral, axis) for each in (mesh, level))
                found.setdefault((count, name), []).append(np.mean(one != other) / one.mean())
    for (count, what), values in found.items():
        if what in SHAPES:
            every = np.concatenate(values)
            print(f"{count:6} {what:7} {every.mean():.3f} {np.percentile(every, 99):.2f} {every.max():.2f} mm")
        else:
            print(f"{count:6} {what:7} {100 * np.mean(values):.2f} % of the outline's area")
    print(f"{np.mean(seconds):.0f} s for all levels")


if __name__ == "__main__":
    main()
