"""What `facetex run` is asked to do."""

from dataclasses import dataclass
from pathlib import Path

import click

from facetex_core.image_io import example_photo, load_photo
from facetex_core.structures import Photo

EXAMPLE = Path("astronaut.png")
"""Stands for scikit-image's picture of Eileen Collins (NASA, public domain)."""


@dataclass(frozen=True, slots=True)
class Job:
    """A photo and the folder for its results."""

    source: Path
    folder: Path

    @property
    def label(self) -> str:
        """The photo as messages call it, printable whatever bytes its name has."""
        return click.format_filename(self.source.name)

    def load(self) -> Photo:
        """The photo itself."""
        return example_photo() if self.source is EXAMPLE else load_photo(self.source)


@dataclass(frozen=True, slots=True)
class Manner:
    """How to go about it: which face, and what to print."""

    face: int | None
    as_json: bool
    quiet: bool
