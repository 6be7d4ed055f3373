"""One head after the other through one pipeline; one that fails does not stop the others."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from facetex_model_zoo import open_bank, provenance, recording

from facetex_cli.device import choose_device
from facetex_cli.error_lines import exit_code, tell
from facetex_cli.jobs import Job, RunOptions
from facetex_cli.progress_bars import watching
from facetex_core.config import Recipe
from facetex_core.delivery.deliver import deliver
from facetex_core.listeners import collecting
from facetex_core.pipeline import Pipeline
from facetex_core.registry import Registry


@dataclass(frozen=True, slots=True)
class Context:
    """What every job goes through."""

    pipeline: Pipeline
    recipe: Recipe
    registry: Registry
    models: dict[str, Path]
    """Files of models asked for so far."""
    manner: RunOptions


def work(jobs: Sequence[Job], recipe: Recipe, manner: RunOptions) -> int:
    """Runs every job; the exit code of the whole: 0, 2 if any job failed, 1 if a bug showed."""
    with recording() as models, collecting() as said:
        recipe = replace(recipe, device=choose_device(recipe.device))
        registry = Registry()
        recipe.make("renderer", registry)
        recipe.make("exporter", registry)
        pipeline = recipe.build(registry, open_bank(recipe.bank))
        bench = Context(pipeline, recipe, registry, models, manner)
        codes = [_attempt(job, bench, said) for job in jobs]
    return 1 if 1 in codes else max(codes)


def _attempt(job: Job, bench: Context, said: list[str]) -> int:
    said.clear()
    begin = time.perf_counter()
    try:
        files = _make(job, bench, said)
    except Exception as error:  # noqa: BLE001  # a bug at one photo keeps its traceback and leaves the others their turn
        _print_json(bench, {**_whose(job), "error": tell(error) or repr(error), "warnings": list(said)})
        return exit_code(error)
    seconds = round(time.perf_counter() - begin, 3)
    made = {"folder": str(job.folder), "files": [str(file) for file in files], "seconds": seconds}
    _print_json(bench, {**_whose(job), **made, "warnings": list(said)})
    if not (bench.manner.as_json or bench.manner.quiet):
        click.echo(f"{', '.join(job.names)}: {len(files)} files in {click.format_filename(job.folder)} ({seconds:.0f} s)")
    return 0


def _make(job: Job, bench: Context, said: list[str]) -> tuple[Path, ...]:
    with watching(", ".join(job.names), bench.manner.quiet) as watch:
        run = bench.pipeline.run(*job.load(bench.manner.focal), face=bench.manner.face, watch=watch)
        return deliver(
            run,
            bench.recipe,
            bench.registry,
            job.folder,
            models=provenance(bench.models),
            exemplars=bench.pipeline.bank.names,
            warnings=[job.without_folders(line) for line in said],
            watch=watch,
        )


def _whose(job: Job) -> dict[str, object]:
    """The photo, or the photos of one person, as `--json` names them."""
    return {"photo": job.names[0]} if len(job.names) == 1 else {"photos": job.names}


def _print_json(bench: Context, fields: dict[str, object]) -> None:
    if bench.manner.as_json:
        click.echo(json.dumps(fields))
