"""Columns of text for the terminal."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns, each as wide as its longest entry; the last is not padded."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings) - 1)]
    for line in lines:
        padded = [text.ljust(width) for text, width in zip(line[:-1], widths, strict=True)]
        click.echo("  ".join([*padded, line[-1]]).rstrip())


def print_json(value: object) -> None:
    """For programs; what JSON has no word for is written as text."""
    click.echo(json.dumps(value, indent=2, default=str))


def write_record(record: Mapping[str, object], cases: Sequence[Mapping[str, object]], folder: Path, stem: str) -> None:
    """The record as STEM.json and its cases, a row each, as STEM.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(json.dumps({**record, "cases": cases}, indent=2) + "\n", "utf-8")
    with (folder / f"{stem}.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(cases[0]))
        table.writeheader()
        table.writerows(cases)
