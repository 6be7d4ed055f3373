"""Makers of data: rows made in several processes, and put into one file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import click
import cv2
import numpy as np
from jaxtyping import Shaped
from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")
Array = Shaped[np.ndarray, "..."]


def spread(work: Callable[[Item], Result], items: Sequence[Item], jobs: int, title: str) -> Iterator[Result]:
    """Results in the order of the items, from so many processes, with a bar.

    The processes start anew: libraries that began threads here would wait for them in a fork.
    """
    with ExitStack() as stack:
        results: Iterator[Result]
        if jobs == 1:
            results = map(work, items)
        else:
            pool = ProcessPoolExecutor(jobs, get_context("spawn"), cv2.setNumThreads, (1,))
            results = stack.enter_context(pool).map(work, items)
        yield from tqdm(results, total=len(items), desc=title)


def stacked(rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Arrays of all rows, by name."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def needed(path: Path, command: str) -> Path:
    """The path; where nothing is, one line says which command makes it."""
    if not path.exists():
        raise click.UsageError(f"{path} is not there; this makes it: python -m training.{command}")
    return path
