"""Seconds until a texture carries the wanted correlations, as published and as `gram` does it, in turns.

    python tests/benchmarks/synthesis.py PHOTO
    python tests/benchmarks/synthesis.py PHOTO --descriptor vgg19 --bank VGG19.bank --size 512
    python tests/benchmarks/synthesis.py --tiled 8192

As published: torch's L-BFGS with a history of 10, full precision, one scale, from the low-frequency albedo. Ours: what the
synthesizer `gram` calls, its start included. Ours is stopped near each level and scored in full precision at full size; the
published way's time is that of its first picture that scores as well. Seconds are the process's own on one thread, the best
of the rounds, so other work on the machine hardly counts. The middle level is what a target is uncertain by: the loss that
true faces of the bank have under what is predicted of them from their left half, each left out in turn; median.
"""

import resource
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from facetex_model_zoo import model_path, open_bank
from facetex_plugins.synthesize.gram import with_own_detail
from facetex_plugins.synthesize.texture.gram_match import correlations_of, match_correlations, to_pixels, to_plane, with_layout
from facetex_plugins.synthesize.texture.objective import Objective, bfloat16_is_fast
from facetex_plugins.synthesize.texture.onnx_torch import Network, read_network

from facetex_core import Bank, DelitView, Descriptor, Registry, load_preset
from facetex_core.descriptors.bank import under_mask, whole_skin
from facetex_core.descriptors.correlations import merge, mix, relative_error
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.io.photo_file import load_photo
from facetex_core.pipeline import Pipeline
from facetex_core.stages import BlendSolver
from facetex_core.texture.expected_albedo import expected_albedo
from facetex_core.texture.regions import face_slices, region
from facetex_core.workbench.evaluation.leave_one_out import examine

TIMES = (4.0, 2.0, 1.4, 1.0, 0.7, 0.5)
"""Levels, in parts of what a target is uncertain by."""
FACES = 24
"""Of the bank, each left out in turn."""
PATIENCE = 400
"""Evaluations after which the published way is given up."""

Curve = list[tuple[float, float]]
"""Seconds and losses."""


class EnoughError(Exception):
    """Ends torch's L-BFGS."""


class Problem:
    """A photo's face at one size, and what it should carry."""

    def __init__(self, pipeline: Pipeline, view: DelitView) -> None:
        fit, albedo = view.fit, view.albedo
        own = pipeline.own(albedo, fit)
        weights = pipeline.blend_solver.solve(merge(own.seen), under_mask(pipeline.bank, own.seen))
        self.wanted = pipeline.target(weights, own).whole
        self.fit, self.albedo = fit, albedo
        self.network = read_network(model_path(self.wanted.network), tuple(self.wanted.correlations))
        self.box = face_slices(fit.model, albedo.size)
        self.face = region(fit.model, "face", albedo.size)[self.box]
        self.layout = expected_albedo(view.appearance, albedo.size)[self.box]
        objective = Objective(self.network, self.wanted, to_plane(self.face, self.network))
        self.evaluate = with_layout(objective, to_pixels(self.layout, self.network))

    def score(self, picture: np.ndarray) -> float:
        """The loss in full precision."""
        return self.evaluate(to_pixels(picture, self.network))[0]

    def published(self, level: float) -> Curve:
        """The losses of every picture that is looked at, until one is as low as the level."""
        begin = time.process_time()
        image, mask = to_pixels(self.layout, self.network), to_plane(self.face, self.network)
        change = torch.zeros_like(image).requires_grad_()
        curve: Curve = []

        def closure() -> torch.Tensor:
            loss, gradient = self.evaluate((image + mask * change).detach())
            change.grad = gradient * mask
            curve.append((time.process_time() - begin, loss))
            if loss <= level or len(curve) >= PATIENCE:
                raise EnoughError
            return torch.tensor(loss)

        options = {"history_size": 10, "line_search_fn": "strong_wolfe", "tolerance_grad": 0, "tolerance_change": 0}
        optimizer = torch.optim.LBFGS([change], max_iter=PATIENCE, max_eval=PATIENCE, **options)
        with suppress(EnoughError):
            optimizer.step(closure)
        return curve

    def ours(self, level: float) -> tuple[float, float]:
        """Seconds, and the loss in full precision."""
        begin = time.process_time()
        start = with_own_detail(self.layout, self.albedo, self.fit)
        options = {"layout": self.layout, "half": bfloat16_is_fast("cpu"), "iterations": PATIENCE, "enough": level}
        found = match_correlations(self.network, start, self.face, self.face, self.wanted, **options)
        return time.process_time() - begin, self.score(found)


def uncertainty(bank: Bank, solver: BlendSolver) -> np.ndarray:
    """The loss of true faces under what is predicted of them from the left half of their cells."""
    everyone, empty = bank.faces or whole_skin(bank), {layer: np.zeros((1, 1), np.float32) for layer in bank.support}
    left = np.arange(bank.grid**2) % bank.grid < bank.grid // 2
    losses = []
    for face in range(0, len(everyone), -(-len(everyone) // FACES)):
        supports = [
            {layer: float(support[face, cell] * left[cell]) for layer, support in bank.support.items()}
            for cell in range(len(left))
        ]
        shown = under_mask(bank, tuple(Descriptor(bank.network, empty, support) for support in supports))
        others = [k for k in range(len(everyone)) if k != face]
        weights = solver.solve(shown[face], [shown[k] for k in others])
        error = relative_error(everyone[face], mix([everyone[k] for k in others], weights))
        losses.append(sum(value**2 for value in error.values()))
    return np.array(losses)


def compare(problem: Problem, levels: list[float], rounds: int) -> None:
    """Prints a row a level."""
    problem.published(np.inf), problem.ours(np.inf)  # the first call of each prepares its kernels
    ours, paper = [], []
    for _ in range(rounds):
        ours.append([problem.ours(level) for level in levels])
        paper.append(problem.published(min(score for _, score in ours[0])))
    start = problem.score(with_own_detail(problem.layout, problem.albedo, problem.fit))
    print(f"  loss of the published start {paper[0][0][1]:.3f}, of ours {start:.3f}; half precision: {bfloat16_is_fast('cpu')}")
    print("  level   scored   published        ours   ratio")
    for row, level in enumerate(levels):
        mine, score = min(each[row][0] for each in ours), ours[0][row][1]
        theirs = min(min((s for s, loss in curve if loss <= score), default=np.inf) for curve in paper)
        print(f"  {level:.4f}  {score:.4f} {theirs:9.2f} s {mine:9.2f} s {theirs / mine:6.1f}x", flush=True)


def tiled(network: Network, size: int) -> None:
    """Two steps over the face's box of a map of that size, and the most memory that they took."""
    box, _ = face_slices(load_morphable_model(model_path("face_basis")), size)
    side = box.stop - box.start
    noise = np.random.default_rng(0).random((-(-side // 8), -(-side // 8), 1), np.float32).repeat(8, 0).repeat(8, 1)
    start = np.array([0.45, 0.28, 0.2], np.float32) * (0.9 + 0.2 * noise[:side, :side])
    ones = np.ones((side, side), np.float32)
    grain = np.random.default_rng(1).random((256, 256, 1), np.float32)
    wanted = correlations_of(network, "descriptor", 0.3 + 0.2 * np.repeat(grain, 3, -1), ones[:256, :256])
    before, begin = peak(), time.perf_counter()
    told = lambda done, of: print(f"  step {done} of {of}, {peak():.1f} GB", flush=True)  # noqa: E731  # of one line
    match_correlations(network, start, ones, ones, wanted, half=bfloat16_is_fast("cpu"), iterations=2, progress=told)
    seconds = time.perf_counter() - begin
    print(f"{size}: a face of {side} x {side}, {seconds:.0f} s, at most {peak():.1f} GB ({before:.1f} before)")


def peak() -> float:
    """The most memory that the process has held so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


@click.command()
@click.argument("photo", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--size", "sizes", type=int, multiple=True, default=(512, 1024), show_default=True)
@click.option("--descriptor", default="small", show_default=True)
@click.option("--bank", "file", default="bank", show_default=True)
@click.option("--rounds", default=2, show_default=True)
@click.option("--tiled", "large", type=int, help="Only two steps over a picture of this size, and the memory they took.")
def main(photo: Path | None, sizes: tuple[int, ...], descriptor: str, file: str, rounds: int, large: int | None) -> None:
    """Prints a table for each size, or the memory of a large one."""
    torch.set_num_threads(1)
    if large:
        tiled(read_network(model_path("descriptor"), ("conv1_1", "conv2_1", "conv3_1")), large)
        return
    if photo is None:
        raise click.UsageError("a PHOTO, or --tiled")
    bank, registry = open_bank(file), Registry()
    recipe = load_preset("embedded").choosing("descriptor_extractor", descriptor).choosing("synthesizer", "gram")
    for size in sizes:
        pipeline = replace(recipe, size=size).build(registry, bank)
        losses = uncertainty(bank, pipeline.blend_solver)
        unit = float(np.median(losses))
        subject = examine(pipeline, load_photo(photo))
        low, high = np.percentile(losses, (25, 75))
        print(
            f"{size}: {descriptor}, {len(bank.names)} exemplars; a target is uncertain by {unit:.3f} ({low:.3f} to {high:.3f})"
        )
        compare(Problem(pipeline, subject.view), [unit * times for times in TIMES], rounds)


if __name__ == "__main__":
    main()
