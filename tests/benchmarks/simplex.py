"""Our solver on the simplex against clarabel and quadprog, in turn, on 600 exemplars: python tests/benchmarks/simplex.py.

The exemplars are faces of the bank that ships, each under masks of its own; the targets are faces under other masks, not
among them. Needs pip install clarabel quadprog.
"""

import time
from collections.abc import Callable

import clarabel
import click
import numpy as np
import quadprog
from facetex_model_zoo import open_bank
from facetex_plugins.solve.convex import ConvexSolver, solve_on_simplex
from scipy import sparse

from facetex_core import Bank, Descriptor
from facetex_core.descriptors.bank import under_mask
from facetex_core.descriptors.correlations import as_rows

EXACT = 1e-10


def by_clarabel(matrix: np.ndarray, right: np.ndarray, *, exact: bool = True) -> np.ndarray:
    """An interior-point method, at our accuracy or at its own default one."""
    count = len(right)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    if exact:
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = EXACT
    rules = sparse.vstack([np.ones((1, count)), -sparse.eye(count)]).tocsc()
    bounds = np.concatenate([[1.0], np.zeros(count)])
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(count)]
    upper = sparse.triu(sparse.csc_matrix(matrix)).tocsc()
    return np.array(clarabel.DefaultSolver(upper, -right, rules, bounds, cones, settings).solve().x)


def by_quadprog(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A dual active-set method."""
    count = len(right)
    rules = np.column_stack([np.ones(count), np.eye(count)])
    return quadprog.solve_qp(matrix, right, rules, np.concatenate([[1.0], np.zeros(count)]), 1)[0]


SOLVERS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "facetex": solve_on_simplex,
    "clarabel, same accuracy": by_clarabel,
    "clarabel, its default": lambda matrix, right: by_clarabel(matrix, right, exact=False),
    "quadprog": by_quadprog,
}


def under_masks(bank: Bank, count: int, generator: np.random.Generator) -> list[Descriptor]:
    """Faces of the bank, each with half of its cells hidden at random."""
    found: list[Descriptor] = []
    names = list(bank.support)
    empty = {layer: np.zeros((1, 1), np.float32) for layer in names}
    full = {layer: support.max(0) for layer, support in bank.support.items()}
    while len(found) < count:
        seen = generator.random(next(iter(full.values())).shape) < 0.5
        cells = [Descriptor(bank.network, empty, {n: float(full[n][c] * seen[c]) for n in names}) for c in range(len(seen))]
        everyone = under_mask(bank, tuple(cells))
        found += [everyone[k] for k in generator.permutation(len(everyone))[: len(everyone) // 3]]
    return found[:count]


@click.command()
@click.option("--exemplars", default=600, show_default=True)
@click.option("--problems", default=5, show_default=True)
def main(exemplars: int, problems: int) -> None:
    """Milliseconds (median of the problems, best of three runs each), and how far each is from optimal."""
    generator = np.random.default_rng(0)
    faces = under_masks(open_bank("bank"), exemplars + problems, generator)
    rows: dict[str, list[tuple[float, float, int]]] = {name: [] for name in SOLVERS}
    ridge = ConvexSolver().ridge
    for target in faces[exemplars:]:
        design, wanted = as_rows(target, faces[:exemplars])
        matrix, right = design @ design.T + ridge * np.eye(exemplars), design @ wanted + ridge / exemplars
        for name, solve in SOLVERS.items():
            seconds = []
            for _ in range(3):
                begin = time.perf_counter()
                weights = solve(matrix, right)
                seconds.append(time.perf_counter() - begin)
            slope = matrix @ weights - right
            rows[name].append((min(seconds), float(slope @ weights - slope.min()), int((weights > 1e-6).sum())))
    ours = np.median([row[0] for row in rows["facetex"]])
    for name, found in rows.items():
        seconds_, gaps, used = zip(*found, strict=True)
        middle = float(np.median(seconds_))
        print(
            f"{name:24} {1000 * middle:8.2f} ms ({middle / ours:6.1f} x), gap at most {max(gaps):.1e}, "
            f"{min(used)} to {max(used)} weights"
        )


if __name__ == "__main__":
    main()
