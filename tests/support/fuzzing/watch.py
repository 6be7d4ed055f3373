"""One case: the words, run in this process under a watch that misses nothing a user would see."""

import hashlib
import os
import re
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20
"""Above which a case hangs."""
MEMORY = 6 * 2**30
"""Bytes that a case may add to what the process holds."""
CODES = (0, 2)
RIGHT = r"(error|warning|case: [\w-]+): "
"""How a line on stderr may begin; the last is what an evaluation says of a case."""


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `wrong` in one line, or empty."""

    code: int | None
    seconds: float
    wrong: str = ""
    said: str = ""


class HangError(BaseException):
    """No code catches it by accident."""


def attempt(words: Sequence[str], work: Path) -> Outcome:
    """Runs `facetex WORDS` in work/here; only work/out, and after a success work/home, may have changed afterwards."""
    from facetex_cli.main import main

    before, begin, held = _tree(work), time.perf_counter(), _peak()
    code: int | None = None
    trouble = ""
    with _alone(work) as said, _bell():
        try:
            code = main(list(words))
        except HangError:
            trouble = "hangs: " + _place()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is what was looked for
            trouble = f"{type(error).__name__} at {_place()}: {str(error)[:200]!r}"
            traceback.print_exc()
    heard = said.read_text("utf-8", "replace")
    goes_on = words[0] == "compare" or "\ncase: " in f"\n{heard}"  # what has failed is one row of what they write
    wrong = trouble or _complaint(code, heard, goes_on) or _changed(before, _tree(work), code, goes_on)
    if not wrong and _peak() - held > MEMORY:
        wrong = f"took {(_peak() - held) / 2**30:.1f} GiB"
    return Outcome(code, time.perf_counter() - begin, wrong, heard)


def _complaint(code: int | None, heard: str, goes_on: bool) -> str:
    """What a user should not have to read."""
    if code not in CODES:
        return f"exit code {code}"
    if "Traceback (most" in heard:
        return "prints a traceback"
    lines = [line for line in heard.splitlines() if line and not re.match(RIGHT, line)]
    if lines:
        return f"says on stderr: {lines[0][:160]}"
    errors = heard.count("\nerror: ") + heard.startswith("error: ")
    if not goes_on and errors != (code == 2):
        return f"exit code {code} with {errors} lines of error"
    return "is out of memory" if "out of memory" in heard else ""


def _changed(before: dict[str, str], after: dict[str, str], code: int | None, goes_on: bool) -> str:
    allowed = ("out",) if code else ("out", "home")
    different = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    different = [name for name in different if after.get(name) or not name.startswith("home")]  # empty folders do no harm
    if code and not goes_on and any(name.startswith("out") for name in different):
        return f"fails and leaves {different[0]}"
    strays = [name for name in different if name.split("/")[0] not in allowed]
    halves = [name for name in different if name in after and re.search(r"\.(part|lock|tmp)\b", name)]
    return f"changes {strays[0]}" if strays else f"leaves {halves[0]}" if halves else ""


def _tree(work: Path) -> dict[str, str]:
    """Every file and folder below with its hash."""
    found = {}
    for folder, names, files in os.walk(os.fsencode(work)):
        for name in (*names, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  # names may be any bytes
            key = os.fsdecode(os.path.relpath(path, os.fsencode(work)))
            found[key] = "" if os.path.isdir(path) else hashlib.sha1(_bytes(path)).hexdigest()  # noqa: S324, PTH112
    return found


def _bytes(path: bytes) -> bytes:
    if not os.path.isfile(path):  # noqa: PTH113  # a pipe would wait for ever
        return b""
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


@contextmanager
def _alone(work: Path) -> Iterator[Path]:
    """Folders of its own, no network, and both streams into files: native libraries write to them too."""
    for name in ("here", "tmp", "home"):
        (work / name).mkdir(exist_ok=True)
    said, told = work.parent / "stderr", work.parent / "stdout"
    kept = {name: os.environ.get(name) for name in ("FACETEX_HOME", "HOME", "TMPDIR", "FACETEX_OFFLINE")}
    os.environ |= {"FACETEX_HOME": str(work / "home"), "HOME": str(work / "home"), "TMPDIR": str(work / "tmp")}
    os.environ["FACETEX_OFFLINE"] = "1"
    from facetex_cli.main import hear_python

    cwd, connect, folder = Path.cwd(), socket.socket.connect, tempfile.tempdir
    tempfile.tempdir = str(work / "tmp")
    socket.socket.connect = _refuse
    os.chdir(work / "here")
    try:
        with _into(1, sys.stdout, told), _into(2, sys.stderr, said), warnings.catch_warnings():
            warnings.simplefilter("always", RuntimeWarning)
            hear_python()
            yield said
    finally:
        os.chdir(cwd)
        socket.socket.connect, tempfile.tempdir = connect, folder
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _refuse(*_: object) -> None:
    raise AssertionError("the network is asked")


@contextmanager
def _into(number: int, stream: object, path: Path) -> Iterator[None]:
    """A file descriptor, whoever writes to it, into a file."""
    stream.flush()
    before = os.dup(number)
    with path.open("wb") as file:
        os.dup2(file.fileno(), number)
    ours = os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    name = "stdout" if number == 1 else "stderr"
    kept = getattr(sys, name)
    setattr(sys, name, ours)
    try:
        yield
    finally:
        ours.close()
        setattr(sys, name, kept)
        os.dup2(before, number)
        os.close(before)


@contextmanager
def _bell() -> Iterator[None]:
    """Rings after SECONDS; where others have the processor, when half of them were worked, or after three times as long."""
    begin, work = time.monotonic(), time.process_time()

    def ring(*_: object) -> None:
        if time.process_time() - work > SECONDS / 2 or time.monotonic() - begin > 3 * SECONDS:
            raise HangError
        signal.alarm(SECONDS)

    kept = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, kept)


def _place() -> str:
    """The last line of ours on the way to what is being raised."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    ours = [frame for frame in frames if "facetex" in Path(frame.filename).parent.name] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fresh(work: Path) -> Path:
    """The folder, empty, with in, here, tmp and home."""
    shutil.rmtree(work, ignore_errors=True)
    for name in ("in", "here", "tmp", "home"):
        (work / name).mkdir(parents=True)
    return work
