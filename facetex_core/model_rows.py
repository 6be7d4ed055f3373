"""A model of the zoo is a row, never a class: what is known of its file, and where its makers keep it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

ModelImporter = Callable[[Path, Path], None]
"""Reads the file or folder that the user brings, and writes what a run needs; what is no such model is a ModelError."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a download."""

    url: str
    """Of its makers, and of one version where they keep several."""
    size: int
    """Bytes; about, where `members` says that the archive is packed anew for every download."""
    sha256: str
    """Of the file. With `members`: of what `sha256sum` prints over them in the archive's folder, by name."""
    members: str = ""
    """Pattern of the files of an archive that matter."""

    @property
    def name(self) -> str:
        """What the file is called at its source."""
        return PurePosixPath(urlsplit(self.url).path).name


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the zoo: its file, licence and source."""

    name: str
    what: str
    """In a few words."""
    file: str
    licence: str
    source: str
    """Who made it, and where it comes from."""
    commercial: bool
    """Whether its licence leaves commercial use free."""
    makes: str = ""
    """What of a result rests on it."""
    sha256: str = ""
    """Of the file; empty where it is made from what is brought, or several versions of a licensed file are accepted."""
    ships: bool = False
    """Part of the install of facetex."""
    get: str = ""
    """How to get it by hand, in one line."""
    terms: str = ""
    """Where its licence can be read."""
    parts: tuple[Part, ...] = ()
    """What `facetex zoo pull` fetches; none where the makers ask to register, or the model ships."""

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(part.size for part in self.parts)


BROUGHT: dict[str, Row] = {}
"""Rows of the plugins that were loaded into this process; the zoo's table has them beside its own."""
