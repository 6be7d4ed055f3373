"""Columns of text for the terminal."""

import json
from collections.abc import Sequence

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
