"""Measures a face basis against new samples of ICT-FaceKit, checks its mesh, and draws it."""

import click
import numpy as np
from jaxtyping import Float, Int

from training.common.steps import Run
from training.face_basis.checks import (
    HALF,
    MILLIMETRES,
    layout_line,
    part_lines,
    parts,
    stretch_line,
    symmetry_line,
    vertex_line,
)
from training.face_basis.expressions import STRONGER, arkit_shapes
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.packing import room_line
from training.face_basis.sheets import draw, marks
from training.face_basis.source import SKIN, Arrays, Source, half_triangles, read_source
from training.face_basis.surface import closest

SEED = 2024
MOVES = 5e-4
"""Metres from which a vertex counts as moved by an expression."""

Points = Float[np.ndarray, "points 3"]
Vertices = Float[np.ndarray, "vertices 3"]
Triangles = Int[np.ndarray, "triangles 3"]


def skin_of(source: Source) -> Triangles:
    """Both halves of the source's skin."""
    left = half_triangles(source, SKIN)
    return np.r_[left, source.mirror[left][:, ::-1]]


def distances(points: Points, vertices: Vertices, triangles: Triangles) -> Float[np.ndarray, " points"]:
    """Millimetres from points to a surface."""
    chosen, weights = closest(points, vertices, triangles, candidates=30)
    return np.linalg.norm(np.einsum("pkc,pk->pc", vertices[triangles[chosen]], weights) - points, axis=1) * MILLIMETRES


def fitted(arrays: Arrays, numbers: Int[np.ndarray, " points"], target: Points) -> Vertices:
    """The head whose given vertices come nearest to the targets (least squares over the identity modes)."""
    modes = arrays["identity"][:, numbers].astype(np.float64).reshape(len(arrays["identity"]), -1)
    coefficients = np.linalg.lstsq(modes.T, (target - arrays["mean"][numbers]).ravel(), rcond=None)[0]
    return np.asarray(arrays["mean"] + np.tensordot(coefficients, arrays["identity"].astype(np.float64), 1))


def summary(name: str, values: Float[np.ndarray, "*any"]) -> str:
    """Mean and 95th percentile in words."""
    return f"{name} mean {values.mean():.3f} mm, 95 % {np.percentile(values, 95):.3f}"


def identity_line(arrays: Arrays, source: Source, count: int) -> str:
    """Rebuild error of new identities: our vertices against the source's surface, and its vertices against ours."""
    rng = np.random.default_rng(SEED)
    mean, skin, source_skin = arrays["mean"].astype(np.float64), arrays["triangles"][parts(arrays)["skin"]], skin_of(source)
    ours, theirs = np.unique(skin), np.unique(source_skin)
    where, weights = closest(mean[ours], source.vertices, source_skin)
    own = skin[closest(source.vertices[theirs], mean, skin)[0]]
    points, surface = [], []
    for row in rng.standard_normal((count, len(source.identity))):
        sample = source.vertices + np.tensordot(row, source.identity, 1)
        target = np.einsum("pkc,pk->pc", sample[source_skin[where]], weights)
        rebuilt = fitted(arrays, ours, target)
        points.append(np.linalg.norm(rebuilt[ours] - target, axis=1) * MILLIMETRES)
        surface.append(distances(sample[theirs], rebuilt, skin))
    near, far, face = np.array(points), np.array(surface), arrays["regions"][0] > HALF
    lines = [
        summary("skin vertices", near),
        summary("of them in the face", near[:, face[ours]]),
        summary("source skin to our surface", far),
        summary("of it in the face", far[:, face[own].all(1)]),
    ]
    return f"identities ({count} new, {len(arrays['identity'])} modes): " + "; ".join(lines)


def expression_line(arrays: Arrays, source: Source) -> str:
    """Mean distance of the source's moved skin vertices to our surface in each expression, worst shapes first."""
    skin, errors = arrays["triangles"][parts(arrays)["skin"]].astype(np.int64), {}
    for shape, (name, numbers) in zip(arrays["expression"], arkit_shapes(source).items(), strict=True):
        move = STRONGER.get(name, 1) * source.expression[numbers].sum(0)
        moved = np.flatnonzero(np.linalg.norm(move[: SKIN[1]], axis=1) > MOVES)
        errors[name] = distances((source.vertices + move)[moved], arrays["mean"] + shape.astype(np.float64), skin).mean()
    worst = ", ".join(f"{name} {error:.3f}" for name, error in sorted(errors.items(), key=lambda item: -item[1]))
    return f"expressions ({len(errors)}), mm on the vertices that move: mean {np.mean(list(errors.values())):.3f}; {worst}"


def landmark_line(arrays: Arrays, source: Source) -> str:
    """Distance of the embedded iBUG points from the source's, off which the registration moves them."""
    off = np.linalg.norm(marks(arrays, "landmark") - source.vertices[source.landmarks], axis=1) * MILLIMETRES
    return f"iBUG points off the source's by mean {off.mean():.3f} mm, largest {off.max():.3f}"


def report(run: Run[Settings]) -> None:
    """Errors and checks, and a folder of pictures."""
    arrays, source = read_arrays(run.made_or_shipped(FILE)), read_source()
    click.echo("\n".join([*part_lines(arrays), symmetry_line(arrays), vertex_line(arrays), layout_line(arrays)]))
    click.echo("\n".join([stretch_line(arrays), room_line(arrays), landmark_line(arrays, source)]))
    click.echo(identity_line(arrays, source, run.settings.new_heads))
    click.echo(expression_line(arrays, source))
    draw(arrays, run.work / "pictures")
    click.echo(f"pictures: {run.work / 'pictures'}")
