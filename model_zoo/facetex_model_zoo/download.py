"""One file by HTTP: tried again after a failure, gone on with after a cut, given up in one line.

pooch and huggingface_hub fetch models too; the one begins again after a cut, the other knows its own host only.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from facetex_core.errors import ModelError

if TYPE_CHECKING:
    import requests

Progress = Callable[[int], None]
"""Called with the bytes that are there."""

TRIES = 5
"""In a row without a byte more."""
PAUSE = 1.0
"""Seconds before the second try, doubled before each further one."""
PATIENCE = (10, 30)
"""Seconds to connect, and between two pieces."""
PIECE = 1 << 14
"""Bytes that are written at a time: at most as many are asked for again after a cut."""
REDIRECTIONS = 10
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which another try may help."""


class _PassingError(Exception):
    """Another try may help."""


class _OtherFileError(ModelError):
    """What comes is not the file; nothing of it is kept."""


def download(url: str, size: int, half: Path, progress: Progress, *, exact: bool = True) -> None:
    """Adds to `half` what it lacks of the file; `size` in bytes, if `exact`. What cannot be had is a ModelError."""
    most, failures = -1, 0
    while True:
        try:
            return _try(url, size if exact else 0, half, progress)
        except _OtherFileError:
            forget(half)
            raise
        except _PassingError as error:
            there = size_of(half)
            failures = 1 if there > most else failures + 1
            most = max(there, most)
            if failures == TRIES:
                raise ModelError(f"{url}: {error}, {TRIES} times; give the same command again to resume") from None
            time.sleep(PAUSE * 2 ** (failures - 1))


def size_of(path: Path) -> int:
    """Bytes; none of a file that is not there."""
    return path.stat().st_size if path.is_file() else 0


def forget(half: Path) -> None:
    """Leaves nothing of a download."""
    half.unlink(missing_ok=True)
    _mark(half).unlink(missing_ok=True)


def what_instead(beginning: bytes) -> str:
    """What a model's file is where it is none of the usual mistakes: nothing; else how they are called."""
    text = beginning[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer, which only names the model"
    return "an HTML page" if text.startswith((b"<!doctype html", b"<html", b"<head")) else ""


def _try(url: str, size: int, half: Path, progress: Progress) -> None:
    """Once; `size` 0 where it is not known."""
    there = size_of(half)
    with (
        _passing_errors(url),
        _session(url) as session,
        session.get(url, headers=_asking(there, half), stream=True, timeout=PATIENCE) as answer,
    ):
        _judge(url, answer, there, half)
        there = there if answer.status_code == 206 else 0
        _mark(half).write_text(_version(answer), "utf-8")
        with half.open("ab" if there else "wb") as file:
            for piece in answer.iter_content(PIECE):
                if not there:
                    _look(url, piece, answer, size)
                file.write(piece)
                there += len(piece)
                progress(there)
                if size and there > size:
                    raise _OtherFileError(f"{url}: the server sends more than the {size} bytes of the model")
    if there < size:
        raise _PassingError(f"the transfer ended after {there} of {size} bytes")


def _session(url: str) -> "requests.Session":
    """Redirections are followed, but never from https to anything else."""
    import requests

    session = requests.Session()
    session.max_redirects = REDIRECTIONS
    if urlsplit(url).scheme == "https":
        session.adapters.pop("http://")
    return session


def _asking(there: int, half: Path) -> dict[str, str]:
    """For the rest only, and only if it is still the same file."""
    headers = {"Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
        version = _mark(half).read_text("utf-8") if _mark(half).is_file() else ""
        if version:
            headers["If-Range"] = version
    return headers


def _version(answer: "requests.Response") -> str:
    """What tells this version of the file from others: a strong ETag, or the date."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _judge(url: str, answer: "requests.Response", there: int, half: Path) -> None:
    """Anything but the file, or the part of it that was asked for, is an error."""
    rest = answer.headers.get("Content-Range", "").startswith(f"bytes {there}-")
    if answer.status_code == 200 or (answer.status_code == 206 and rest):
        return
    if answer.status_code in (206, 416):
        forget(half)
        raise _PassingError("the server has no such part of the file")
    said = f"the server answers {answer.status_code} {answer.reason}".rstrip()
    if answer.status_code in PASSING:
        raise _PassingError(said)
    raise ModelError(f"{url}: {said}")


def _look(url: str, piece: bytes, answer: "requests.Response", size: int) -> None:
    """At the first bytes of the file, and how long it says it is."""
    length = answer.headers.get("Content-Length", str(size))
    wrong = what_instead(piece) or (f"{length} bytes where the model has {size}" if size and length != str(size) else "")
    if wrong:
        raise _OtherFileError(f"{url}: the server sends {wrong}")


def _mark(half: Path) -> Path:
    """Where the version of a half-made file is noted."""
    return half.with_name(half.name + ".version")


@contextmanager
def _passing_errors(url: str) -> Iterator[None]:
    """What the library raises, by whether another try may help."""
    from requests import exceptions as found

    try:
        yield
    except (found.InvalidSchema, found.InvalidURL, found.MissingSchema) as error:
        raise ModelError(f"{url}: it redirects to an unencrypted or invalid address ({error})") from None
    except found.TooManyRedirects:
        raise ModelError(f"{url}: the server redirects endlessly") from None
    except found.SSLError as error:
        raise ModelError(f"{url}: the server's certificate is not valid ({error})") from None
    except (found.Timeout, TimeoutError):
        raise _PassingError("the server does not answer") from None
    except found.RequestException as error:
        raise _PassingError(f"the connection failed or was cut ({type(error).__name__})") from None
