"""Progress on a terminal: a bar over the steps of a job, and a second one inside a long step."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from facetex_core.pipeline import Watch
from facetex_core.progress import listening

STEPS = 13
"""Ten of the pipeline, three of the delivery."""
EACH = 3
"""Those that every photo of a person goes through by itself."""


@contextmanager
def watching(name: str, photos: int, quiet: bool) -> Iterator[Watch]:
    """What to hand to the pipeline; without a terminal it does nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: nullcontext()
        return
    from tqdm import tqdm

    form = "{desc} {bar:20} {n_fmt}/{total_fmt} {elapsed}"
    with tqdm(total=STEPS + EACH * (photos - 1), bar_format=form, leave=False, file=sys.stderr) as bar:

        @contextmanager
        def watch(step: str) -> Iterator[None]:
            bar.set_description_str(f"{name}: {step}")
            with inner_bar(step):
                yield
            bar.update()

        yield watch


@contextmanager
def inner_bar(step: str) -> Iterator[None]:
    """A second bar, from the first report of the step on."""
    from tqdm import tqdm

    bars: list[tqdm] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, desc=f"  {step}", leave=False, file=sys.stderr))
        bars[0].total = total
        bars[0].update(done - bars[0].n)

    with listening(show):
        try:
            yield
        finally:
            for bar in bars:
                bar.close()
