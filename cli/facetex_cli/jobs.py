"""What `facetex run` is asked to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from facetex_cli.folders import folders_for
from facetex_core.io.focal_length import focal_pixels
from facetex_core.io.photo_file import example_photo, load_photo
from facetex_core.refused_photos import usable
from facetex_core.structures import Photo

EXAMPLE = Path("astronaut.png")
"""Stands for scikit-image's picture of Eileen Collins (NASA, public domain)."""


@dataclass(frozen=True, slots=True)
class Job:
    """The photos of one person, and the folder for what is made of them."""

    sources: tuple[Path, ...]
    folder: Path

    @property
    def names(self) -> list[str]:
        """The photos as messages call them, printable whatever bytes their names have."""
        return [click.format_filename(source.name) for source in self.sources]

    def without_folders(self, line: str) -> str:
        """The line as results may hold it: where the photos lie is the user's own affair."""
        for source in self.sources:
            line = line.replace(str(source), source.name)
        return line

    def load(self, focal: float | None = None) -> list[Photo]:
        """The photos themselves, without those that cannot be read as long as one can; all of this focal length, if given."""
        return usable(lambda source: taken_with(load(source), focal), self.sources)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to go about it: which face, by which lens, and what to print."""

    face: int | None
    as_json: bool
    quiet: bool
    focal: float | None = None
    """Millimetres for 35 mm film."""


def load(source: Path) -> Photo:
    """A photo, or the example."""
    return example_photo() if source is EXAMPLE else load_photo(source)


def taken_with(photo: Photo, focal: float | None) -> Photo:
    """The photo by a lens of so many millimetres for 35 mm film; without, as it is."""
    return photo if focal is None else replace(photo, focal=focal_pixels(focal, photo.size))


def jobs_for(sources: Sequence[Path], out: Path, *, same_person: bool) -> list[Job]:
    """A head of each photo, or one of all."""
    if same_person:
        return [Job(tuple(sources), out)]
    return [Job((source,), folder) for source, folder in zip(sources, folders_for(sources, out), strict=True)]
