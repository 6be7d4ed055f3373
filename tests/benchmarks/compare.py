"""What a comparison saves: python tests/benchmarks/compare.py [PHOTO PHOTO]; without photos the astronaut and a sampled head.

A grid of 3 x 3 x 2 at the preset draft. Every variant is made on its own, with nothing to remember, and through a cache that
all share; the two ways take turns variant by variant, by processor time. Both do all that a comparison does of a variant:
the head, three renders, the figures and the pictures, but neither counts the start of the program.
"""

import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import facetex_model_zoo as zoo
from facetex_cli.compare_run import EYE, LAYERS, fresh_steps

from facetex_core.config import Choice, load_preset
from facetex_core.io.photo_file import example_photo, load_photo
from facetex_core.registry import Registry
from facetex_core.workbench.comparison.cache import Cache
from facetex_core.workbench.comparison.compare import Context, Subject, outcome_of
from facetex_core.workbench.comparison.grid import Grid, Variant
from facetex_core.workbench.comparison.stage_cache import StageCache
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork
from facetex_core.workbench.evaluation.synthetic import sample_case

AXES = {
    "delighter": ("network", "harmonics", "none"),
    "synthesizer": ("complete", "mirror", "lowfrequency"),
    "fitter": ("basis", "landmarks"),
}


def silent(_: str) -> nullcontext[None]:
    return nullcontext()


def bench_in(folder: Path) -> Context:
    """With a cache of its own."""
    cache = Cache(folder, zoo)
    eye = FeatureNetwork(EYE, zoo.model_path(EYE), LAYERS)
    return Context(StageCache(cache, zoo), cache, [zoo.open_bank("bank")], eye, folder / "pictures")


def timed(subject: Subject, variant: Variant, bench: Context) -> float:
    """Seconds of processor time."""
    begin = time.process_time()
    outcome_of(subject, variant, bench, silent)
    return time.process_time() - begin


def main() -> None:
    """Prints the counts and the ratio."""
    grid = Grid(load_preset("draft"), {})
    for role, names in AXES.items():
        grid = grid.offering(role, [Choice(name) for name in names])
    variants = grid.variants()
    photos = [load_photo(Path(name)) for name in sys.argv[1:]]
    if not photos:
        model = Registry().bare("fitter", "basis", {}).model  # type: ignore[attr-defined]
        photos = [example_photo(), sample_case(model, 3, name="sampled").photo]
    with tempfile.TemporaryDirectory() as folder:
        bench_of_one, shared, alone = bench_in(Path(folder) / "warm"), 0.0, 0.0
        outcome_of(Subject(photos[0]), variants[0], bench_of_one, silent)  # libraries and models are loaded now
        together = bench_in(Path(folder) / "shared")
        for number, photo in enumerate(photos):
            for place, variant in enumerate(variants):
                bench_of_one.cache.folder = Path(folder) / f"alone-{number}-{place}"
                alone += timed(Subject(photo), variant, bench_of_one)
                shared += timed(Subject(photo), variant, together)
            print(f"{photo.name}: apart {alone:.0f} s, together {shared:.0f} s so far", flush=True)
    print(f"{len(variants)} variants of {len(photos)} photos: {alone / shared:.2f} times as fast together")
    show_counts(together.cache.made, variants, len(photos))


def show_counts(made: Counter[str], variants: list[Variant], photos: int) -> None:
    """How often each step was really done, and how often there was something new to do."""
    fresh = Counter(step for steps in fresh_steps(variants) for step in steps)
    names = {"detect": "detector", "segment": "segmenter", "fit": "fitter", "unwrap": "unwrap", "delight": "delighter"}
    names |= {"solve": "blend_solver", "synthesize": "synthesizer", "add_detail": "detailer"}
    for step, name in names.items():
        need = photos if step == "segment" else photos * fresh["fit" if step == "unwrap" else step]
        print(f"{name}: {made[name]} runs, {need} needed, {photos * len(variants)} without sharing")


if __name__ == "__main__":
    main()
