"""Files that appear under their name when they are whole, and not before."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A hidden path beside the file, to be written inside; at the end it becomes the file, after an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield half
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """The file with this content, text as UTF-8 with line feeds on every system; its folder is made."""
    with replacing(path) as half:
        half.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
