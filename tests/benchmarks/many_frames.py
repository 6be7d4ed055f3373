"""Memory and time of one identity fitted to many frames: python tests/benchmarks/many_frames.py [--frames 300].

The frames' landmarks are projected from the face basis: one identity, and for each an expression and a pose of its own.
Their picture is made up, and one for all of them: so nothing that is counted here are photos.
"""

import resource
import time
import tracemalloc
import warnings
from collections.abc import Sequence

import click
import numpy as np
from facetex_plugins.fit.energy.gauss_newton import RIGID
from facetex_plugins.fit.energy.landmark_term import fit_landmarks, observe_landmarks

from facetex_core import Face, MorphableModel, Observation, Photo, Registry, Segmentation
from facetex_core.geometry.camera import orbit_camera, project
from facetex_core.workbench.evaluation.synthetic import sample_expression

MEGABYTE = 1e6
NOISE = 0.002
"""Of a landmark, as a share of the photo's side."""


def faces_of(model: MorphableModel, identity: np.ndarray, frames: int, side: int) -> list[Face]:
    """The landmarks of every frame."""
    generator, e, faces = np.random.default_rng(0), model.embedding, []
    target = model.mean[model.regions["face"] > 0.5].mean(0)
    for _ in range(frames):
        yaw = float(generator.uniform(-40, 40))
        camera = orbit_camera(target, yaw=yaw, distance=0.6, width_seen=0.25, size=(side, side))
        vertices = model.vertices(identity, sample_expression(model, generator))
        ends = (e.landmark_triangles, e.landmark_barycentric), (e.dense_triangles, e.dense_barycentric)
        points = [np.einsum("pk,pki->pi", weights, vertices[model.mesh.triangles[of]]) for of, weights in ends]
        sparse, dense = (project(camera, each.astype(np.float32)) for each in points)
        dense += np.float32(generator.normal(0, NOISE * side, dense.shape))
        faces.append(Face(np.concatenate([dense.min(0), dense.max(0)]), sparse, dense, 1.0))
    return faces


def made_up(side: int) -> np.ndarray:
    """Skin that is lit from the left."""
    shade = np.linspace(1.2, 0.6, side, dtype=np.float32)[None, :, None]
    return np.array([0.45, 0.28, 0.2], np.float32) * shade * np.ones((side, 1, 1), np.float32)


def measured(name: str, fitter: object, observations: Sequence[Observation]) -> np.ndarray:
    """Prints a fit's peak and time; the identity that it found."""
    tracemalloc.start()
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    fits = fitter.fit(observations)
    frames, seconds, peak = len(observations), time.perf_counter() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    text = f"{name:10} {frames:4} frames  arrays at most {peak / MEGABYTE:6.0f} MB  process grew {grown / MEGABYTE:6.0f} MB"
    click.echo(f"{text}  {seconds:6.1f} s")
    return fits[0].identity


@click.command()
@click.option("--frames", default=300, show_default=True)
@click.option("--side", default=128, show_default=True, help="Pixels of a frame.")
@click.option("--fitter", "fitters", multiple=True, default=("landmarks", "basis"), show_default=True)
def main(frames: int, side: int, fitters: tuple[str, ...]) -> None:
    """Fits made-up frames of one person."""
    warnings.simplefilter("ignore")
    registry = Registry()
    skin = Segmentation({"skin": np.ones((side, side), np.float32)})
    for name in fitters:
        fitter = registry.bare("fitter", name, {})
        model = fitter.model
        identity = np.random.default_rng(1).standard_normal(len(model.identity)).astype(np.float32)
        faces = faces_of(model, identity, frames, side)
        picture = made_up(side)
        observations = [Observation(Photo(picture, str(number)), face, skin) for number, face in enumerate(faces)]
        fitter.fit(observations[:1])  # what is loaded once is not of the frames
        found = measured(name, fitter, observations)
        alone = fit_landmarks(model, [observe_landmarks(model, faces[0], (side, side))]).identity
        off = [float(np.sqrt(np.mean((each - identity) ** 2))) for each in (found, alone)]
        click.echo(f"{'':10} identity off by {off[0]:.2f} standard deviations; by the landmarks of one frame {off[1]:.2f}")
    unknowns = len(model.identity) + frames * (RIGID + len(model.expression))
    click.echo(f"a dense matrix of {unknowns} unknowns: {8 * unknowns**2 / MEGABYTE:.0f} MB")


if __name__ == "__main__":
    main()
