"""L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5): one evaluation a step, few vectors, a good point at any time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from facetex_core import warn

if TYPE_CHECKING:
    import torch

Evaluate = Callable[["torch.Tensor"], tuple[float, "torch.Tensor"]]
"""The loss at a point, and its gradient."""

HISTORY = 10
"""Pairs of steps and of changes of the gradient that stand for the curvature."""
LINE_TRIES = 12
"""Shorter steps that are tried before the descent ends."""
DECREASE = 1e-4
"""Share of the slope's promise that a step has to keep (Armijo)."""


def lbfgs(  # what, from where, and when to stop
    evaluate: Evaluate,
    start: "torch.Tensor",
    *,
    iterations: int,
    first_step: float,
    enough: float = 0.0,
    history: int = HISTORY,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> "torch.Tensor":
    """The last point after at most `iterations`, or the first whose loss is below `enough`; the loss never rises.

    `first_step` is the root mean square of the first step. An interruption ends the descent at the last good point, with a
    warning; whoever called goes on with that.
    """
    point, done = start, 0
    memory: list[tuple[torch.Tensor, torch.Tensor]] = []
    try:
        loss, gradient = evaluate(point)
        while done < iterations and loss >= enough:
            found = _step(evaluate, point, loss, gradient, _direction(gradient, memory, first_step))
            if found is None and not memory:
                break
            if found is None:
                memory.clear()
                continue
            _remember(memory, found[0] - point, found[2] - gradient, history)
            point, loss, gradient = found
            done += 1
            progress(done, iterations)
    except KeyboardInterrupt:
        warn(f"synthesis interrupted after {done} of {iterations} iterations: the texture is partial")
    return point


def _direction(
    gradient: "torch.Tensor", memory: "list[tuple[torch.Tensor, torch.Tensor]]", first_step: float
) -> "torch.Tensor":
    """Downhill by the curvature that is remembered; without any, along the gradient."""
    if not memory:
        return gradient * (-first_step / max(float(gradient.square().mean()) ** 0.5, 1e-30))
    direction, shares = -gradient, []
    for step, change in reversed(memory):
        shares.append(float(step.dot(direction)) / float(step.dot(change)))
        direction.add_(change, alpha=-shares[-1])
    step, change = memory[-1]
    direction.mul_(float(step.dot(change)) / float(change.dot(change)))
    for (step, change), share in zip(memory, reversed(shares), strict=True):
        direction.add_(step, alpha=share - float(change.dot(direction)) / float(step.dot(change)))
    return direction


def _step(
    evaluate: Evaluate, point: "torch.Tensor", loss: float, gradient: "torch.Tensor", direction: "torch.Tensor"
) -> "tuple[torch.Tensor, float, torch.Tensor] | None":
    """The first point along the direction where the loss is enough lower, with its loss and gradient."""
    slope, length = float(gradient.dot(direction)), 1.0
    for _ in range(LINE_TRIES if slope < 0 else 0):
        there = point.add(direction, alpha=length)
        below, gradient_there = evaluate(there)
        if below <= loss + DECREASE * length * slope:
            return there, below, gradient_there
        parabola = -slope * length**2 / (2 * (below - loss - slope * length))
        length = min(max(0.1 * length, parabola), 0.5 * length)  # also where the loss is no number
    return None


def _remember(
    memory: "list[tuple[torch.Tensor, torch.Tensor]]", step: "torch.Tensor", change: "torch.Tensor", history: int
) -> None:
    """Forgets the oldest pair; one whose curvature is not positive is no help."""
    if float(step.dot(change)) > 1e-10 * float(change.dot(change)):
        memory.append((step, change))
        del memory[:-history]
