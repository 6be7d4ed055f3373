"""Runs `facetex compare`: one variant after the other, with progress; one that fails does not stop the others."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import click
import facetex_model_zoo as zoo

from facetex_cli.device import choose_device
from facetex_cli.error_lines import answer, exit_code, say_warning
from facetex_cli.jobs import RunOptions, load, taken_with
from facetex_cli.progress_bars import inner_bar
from facetex_cli.tables import print_table
from facetex_core.boundary import Watch
from facetex_core.errors import ModelError
from facetex_core.geometry.raycast import open3d
from facetex_core.listeners import listening
from facetex_core.metrics import METRICS
from facetex_core.stages import verb_of
from facetex_core.workbench.comparison.cache import Cache
from facetex_core.workbench.comparison.compare import Context, Outcome, Subject, outcome_of, with_tone
from facetex_core.workbench.comparison.grid import COMPARED, Variant
from facetex_core.workbench.comparison.metrics import BAKED, BAKED_NOTE, title_of
from facetex_core.workbench.comparison.record import (
    CACHE,
    PNGS,
    Comparison,
    comparison_json,
    deliver,
    open_folder,
    refuse_foreign,
)
from facetex_core.workbench.comparison.stage_cache import StageCache
from facetex_core.workbench.evaluation.hidden_error import FeatureNetwork
from facetex_core.workbench.evaluation.suite import read_case

EYE, LAYERS = "descriptor", ("conv1_1", "conv2_1", "conv3_1")
"""The network that compares features with the truth's."""
ROLE_OF_STEP = {verb_of(role): role for role in COMPARED} | {"unwrap": "segmenter", "maps": "detailer"}
"""Each with the last stage that its result depends on; steps that take hardly any time are not in it."""


def run_comparison(
    sources: Sequence[Path], variants: Sequence[Variant], banks: Sequence[str], out: Path, manner: RunOptions
) -> int:
    """Compares the variants at every photo; the exit code: 0, 2 if anything failed, 1 if a bug showed."""
    refuse_foreign(out)
    with _said_once() as said:
        device = choose_device(variants[0].recipe.device)
        variants = [replace(each, recipe=replace(each.recipe, device=device)) for each in variants]
        variants[0].recipe.refuse_wrong_numbers()
        cache = Cache(out / CACHE, zoo)
        workshop = StageCache(cache, zoo)
        _refuse_misspelt(variants, workshop)
        with zoo.recording() as asked:
            opened = [zoo.open_bank(name) for name in banks]
        bench = Context(workshop, cache, opened, FeatureNetwork(EYE, zoo.model_path(EYE), LAYERS), out / PNGS)
        subjects, codes = _subjects(sources, manner)
        open_folder(out)
        open3d()  # its import would be measured as the first fitter's
        outcomes: list[Outcome] = []
        with _progress(len(subjects), variants, cache, manner.quiet) as watching:
            for subject in subjects:
                outcomes += _all_of(subject, variants, bench, watching, said, codes)
    models = zoo.provenance({**{name: zoo.place_of(name) for name in cache.models}, **asked})
    comparison = Comparison(variants, with_tone(outcomes), models, {**METRICS, **workshop.extensions.metrics})
    if any(each.glb for each in outcomes):
        _show(comparison, deliver(comparison, out), out, manner)
    return 1 if 1 in codes else max(codes, default=0)


def _refuse_misspelt(variants: Sequence[Variant], workshop: StageCache) -> None:
    """Names and options that do not exist, before any work; a model that is missing fails its own variants only."""
    for role in COMPARED:
        for variant in variants:
            try:
                variant.recipe.make(role, workshop)
            except ModelError:
                continue


def _subjects(sources: Sequence[Path], manner: RunOptions) -> tuple[list[Subject], list[int]]:
    """The photos that can be read, each with a name of its own, and a 2 for each that cannot."""
    subjects: list[Subject] = []
    codes = []
    for source in sources:
        try:
            found = _subject(source, manner)
        except Exception as error:
            line = answer(error)
            if line is None:
                raise
            click.echo(f"error: {line}", err=True)
            codes.append(2)
            continue
        before = sum(each.photo.name.split(" (")[0] == found.photo.name for each in subjects)
        name = f"{found.photo.name} ({before + 1})" if before else found.photo.name
        subjects.append(replace(found, photo=replace(found.photo, name=name)))
    return subjects, codes


def _subject(source: Path, manner: RunOptions) -> Subject:
    if source.is_dir():
        case = read_case(source)
        return Subject(case.photo, case.truth, manner.face)
    return Subject(taken_with(load(source), manner.focal), None, manner.face)


def _all_of(
    subject: Subject,
    variants: Sequence[Variant],
    bench: Context,
    watching: Callable[[str], Watch],
    said: list[str],
    codes: list[int],
) -> list[Outcome]:
    """Every variant of a photo; what failed is told, once where all fail alike."""
    outcomes = []
    for variant in variants:
        said.clear()
        try:
            found = outcome_of(subject, variant, bench, watching(f"{subject.photo.name}: {variant.name}"))
        except Exception as error:  # noqa: BLE001  # a bug in one variant keeps its traceback and leaves the others their turn
            line = answer(error)
            if line is None:
                traceback.print_exc()
            codes.append(exit_code(error))
            found = Outcome(subject.photo.name, variant, error=line or repr(error))
        outcomes.append(replace(found, warnings=tuple(dict.fromkeys(said))))
    for line in dict.fromkeys(each.error for each in outcomes if each.error):
        names = [each.variant.name for each in outcomes if each.error == line]
        whose = f"{subject.photo.name}: {', '.join(names)}: " if len(names) < len(variants) else ""
        click.echo(f"error: {whose}{line}", err=True)
    return outcomes


@contextmanager
def _said_once() -> Iterator[list[str]]:
    """Shows each warning once, and keeps every one: the variants share most of them."""
    kept: list[str] = []
    shown: set[str] = set()

    def hear(line: str) -> None:
        kept.append(line)
        if line not in shown:
            shown.add(line)
            say_warning(line)

    with listening(hear):
        yield kept


@contextmanager
def _progress(photos: int, variants: Sequence[Variant], cache: Cache, quiet: bool) -> Iterator[Callable[[str], Watch]]:
    """What to hand to a variant, by its name; without a terminal it does nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: lambda _: nullcontext()
        return
    from tqdm import tqdm

    forecast = Eta(photos, variants, cache.made.total)
    form = "{desc} {bar:20} {n_fmt}/{total_fmt} {elapsed}{postfix}"
    with tqdm(total=photos * len(variants), bar_format=form, leave=False, file=sys.stderr) as bar:

        def watching(name: str) -> Watch:
            bar.update(bool(bar.desc))
            forecast.begin()

            @contextmanager
            def watch(step: str) -> Iterator[None]:
                bar.set_description_str(f"{name}: {step}", refresh=False)
                bar.set_postfix_str(forecast.left())
                with inner_bar(step), forecast.step(step):
                    yield

            return watch

        yield watching


def _show(comparison: Comparison, written: Sequence[Path], out: Path, manner: RunOptions) -> None:
    """The table of means over the photos, and what was written."""
    if manner.as_json:
        click.echo(comparison_json(comparison), nl=False)
    if manner.as_json or manner.quiet:
        return
    known = {name: comparison.known[name] for name in comparison.metrics}
    rows = []
    for variant in comparison.variants:
        means = comparison.means(variant)
        cells = [f"{means[name]:.{each.digits}f}" if name in means else "-" for name, each in known.items()]
        rows.append([variant.name, *cells])
    print_table(["variant", *(title_of(name, each) for name, each in known.items())], rows)
    if set(BAKED) & set(known):
        click.echo(BAKED_NOTE)
    click.echo(f"{', '.join(path.name for path in written)} and {PNGS}/ in {click.format_filename(out)}")


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
