"""Makes the page of a study, and shows what was answered."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click

from facetex_cli.folders import refuse_no_file
from facetex_cli.tables import print_json, print_table
from facetex_core.config import load_preset
from facetex_core.errors import ConfigError
from facetex_core.io.atomic import write_whole
from facetex_core.registry import Registry
from facetex_core.stages import Detector
from facetex_core.workbench.study.answers import (
    Tally,
    interval,
    p_text,
    percent,
    read_answers,
    read_key,
    report_html,
    tallies,
)
from facetex_core.workbench.study.pictures import read_cases
from facetex_core.workbench.study.study import assemble, page

WHICH = "Which one is the photograph?"
MORE = "Which one looks more like a photograph?"


def make_page(
    folders: Sequence[Path],
    out: Path,
    crop: str,
    question: str | None,
    *,
    photos: bool,
    seconds: float | None,
    seed: int,
    quiet: bool,
) -> None:
    """Writes the page and its key."""
    refuse_no_file(out)
    detector = cast("Detector", load_preset("embedded").make("detector", Registry()))
    cases = read_cases(folders, crop, detector, photos=photos)
    asked = question or (WHICH if photos and len(folders) == 1 else MORE)
    study = assemble(cases, asked, seed=seed, seconds=seconds)
    key = out.with_name(out.stem + ".key.json")
    _write(key, json.dumps(study.key(), indent=1, ensure_ascii=False) + "\n")
    _write(out, page(study))
    if not quiet:
        click.echo(f"{out}: {len(study.trials)} pairs of {', '.join(study.variants)}; the key is {key}")


def show_report(paths: Sequence[Path], key: Path | None, out: Path | None, as_json: bool) -> None:
    """The table or JSON on stdout, and the page where one is asked for."""
    if out:
        refuse_no_file(out)
    found = read_key(key or _key_beside(paths))
    everyone = read_answers(paths, found)
    rows = tallies(found, everyone)
    if out:
        _write(out, report_html(found, rows, len(everyone)))
    if as_json:
        pairs = [row.table() for row in rows]
        print_json({"study": found.study, "question": found.question, "participants": len(everyone), "pairs": pairs})
        return
    click.echo(f"{found.question} {sum(row.estimate.answers for row in rows)} answers of {len(everyone)} participants")
    print_table(("pair", "answers", "first chosen", "Wilson 95 %", "exact 95 %", "p"), [_line(row) for row in rows])


def _line(row: Tally) -> list[str]:
    found = row.estimate
    counts = [str(found.answers), percent(found.share)]
    return [f"{row.first} / {row.second}", *counts, interval(found.wilson), interval(found.exact), p_text(found)]


def _key_beside(paths: Sequence[Path]) -> Path:
    found = sorted({key for path in paths for key in path.absolute().parent.glob("*.key.json")})
    if len(found) != 1:
        raise ConfigError(f"{len(found)} files *.key.json are next to the answers; choose one by --key")
    return found[0]


def _write(file: Path, text: str) -> None:
    """Whole, or not at all."""
    try:
        write_whole(file, text)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written ({error.strerror})") from None
