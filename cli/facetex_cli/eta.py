"""How long a comparison will take yet: what steps are still to be done, by how long such steps have taken."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from facetex_core.stages import verb_of
from facetex_core.workbench.comparison.grid import COMPARED, Variant

ROLE_OF_STEP = {verb_of(role): role for role in COMPARED} | {"unwrap": "segmenter", "maps": "detailer"}
"""Each with the last stage that its result depends on; steps that take no time are not in it."""


class Eta:
    """Learns from each step that was really done; `made` tells how many results have been made so far."""

    def __init__(self, photos: int, variants: Sequence[Variant], made: Callable[[], int]) -> None:
        self._ahead = [set(fresh) for _ in range(photos) for fresh in fresh_steps(variants)]
        self._now: set[str] = set()
        self._taken: dict[str, list[float]] = {}
        self._made = made

    def begin(self) -> None:
        """The next variant's turn; what the one before had still to do it will not do any more."""
        self._now = self._ahead.pop(0)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The time that the step takes."""
        made, begin = self._made(), time.perf_counter()
        yield
        self._now.discard(name)
        if self._made() > made:
            self._taken.setdefault(name, []).append(time.perf_counter() - begin)

    def left(self) -> str:
        """`3 min left`; nothing before every kind of step that is still to be done has been seen."""
        steps = [step for fresh in (self._now, *self._ahead) for step in fresh]
        if not set(steps) <= set(self._taken):
            return ""
        seconds = sum(sum(self._taken[step]) / len(self._taken[step]) for step in steps)
        return f"{seconds:.0f} s left" if seconds < 100 else f"{seconds / 60:.0f} min left"


def fresh_steps(variants: Sequence[Variant]) -> list[set[str]]:
    """For each variant the steps that no variant before it has done with the same choices up to there."""
    roles = {step: COMPARED[: COMPARED.index(role) + 1] for step, role in ROLE_OF_STEP.items()}
    done: set[tuple[str | None, ...]] = set()
    found = []
    for variant in variants:
        ways = {step: (step, *(variant.chosen.get(role) for role in before)) for step, before in roles.items()}
        found.append({step for step, way in ways.items() if way not in done})
        done.update(ways.values())
    return found
