"""Progress on a terminal: a bar over the steps of a job, and a second one inside a long step."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from facetex_core.boundary import Watch
from facetex_core.progress import listening

STEPS = (
    "detect", "restore", "segment", "fit", "unwrap", "clean", "estimate", "delight", "merge", "describe", "solve", "predict",
    "synthesize", "paint", "add_detail", "render", "maps", "export", "report",
)  # fmt: skip
"""In running order: the stages' verbs, and what facetex does between them."""


@contextmanager
def watching(name: str, quiet: bool) -> Iterator[Watch]:
    """What to hand to the pipeline; without a terminal it does nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: nullcontext()
        return
    from tqdm import tqdm

    form = "{desc} {bar:20} {n_fmt}/{total_fmt} {elapsed}"
    with tqdm(total=len(STEPS), bar_format=form, leave=False, file=sys.stderr) as bar:

        @contextmanager
        def watch(step: str) -> Iterator[None]:
            bar.set_description_str(f"{name}: {step}")
            bar.update(max(STEPS.index(step) - bar.n, 0))  # with several photos, the first steps come again
            with inner_bar(step):
                yield

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
