"""A process that reads spoiled files one after the other, and the eye on it: crashes, hangs, memory, wrong exceptions."""

import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from facetex_core.errors import FacetexError
from fuzzing.reader_kinds import case, kinds

SECONDS = 10
"""Of a processor, above which a case hangs; where the machine is busy it may take six times as long."""
MEMORY = 2**30
"""Bytes that a case may take."""
ADDRESSES = 16 * 2**30


@dataclass(frozen=True)
class Outcome:
    """What came of a case: `wrong` in one line, or empty."""

    kind: str
    refused: bool
    wrong: str = ""


Attempt = Callable[[int, int, Path], Outcome]


def attempt(seed: int, number: int, originals: Path) -> Outcome:
    """Reads one file in this process; which kind it is goes round."""
    table = kinds()
    name = list(table)[number % len(table)]
    kind = table[name]
    with tempfile.TemporaryDirectory(prefix="facetex-fuzz-") as work:
        path = case(kind, np.random.default_rng([seed, number]), originals, Path(work))
        before = _memory("VmRSS", forget=True)
        refused, wrong = True, ""
        try:
            with np.errstate(all="ignore"):
                kind.read(path)
            refused = False
        except MemoryError as error:
            wrong = f"asks for more memory than there is at {_place(error)}"
        except kind.refuses as error:
            wrong = "says more than one line" if isinstance(error, FacetexError) and "\n" in str(error) else ""
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is what was looked for
            wrong = f"{type(error).__name__} at {_place(error)}: {str(error)[:160]!r}"
        grown = _memory("VmHWM") - before
    return Outcome(name, refused, wrong or (f"takes {grown / 2**20:.0f} MiB" if grown > MEMORY else ""))


def _place(error: BaseException) -> str:
    """The last line of ours on the way to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "facetex" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}"


def _memory(what: str, *, forget: bool = False) -> int:
    """Bytes, as Linux counts them; 0 elsewhere."""
    status, peak = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return 0
    if forget:
        peak.write_text("5", "ascii")
    return next(int(line.split()[1]) * 1024 for line in status.read_text("utf-8").splitlines() if line.startswith(what))


def _serve(connection: Connection, seed: int, originals: Path, attempt: Attempt) -> None:
    import resource
    import warnings

    warnings.simplefilter("ignore")
    os.environ["OMP_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    kinds()
    connection.send("ready")
    while True:
        connection.send(attempt(seed, connection.recv(), originals))


class Reader:
    """A child, started anew when it has died."""

    def __init__(self, seed: int, originals: Path, attempt: Attempt = attempt) -> None:
        self.given = seed, originals, attempt
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *self.given), daemon=True)
        self.process.start()
        theirs.close()
        self.connection.recv()

    def read(self, number: int) -> Outcome:
        """The outcome of a case, also where it takes the process with it."""
        name = list(kinds())[number % len(kinds())]
        self.connection.send(number)
        begin, worked = time.monotonic(), self._worked()
        try:
            while not self.connection.poll(0.5):
                if self._worked() - worked > SECONDS or time.monotonic() - begin > 6 * SECONDS:
                    self.close()
                    self._start()
                    return Outcome(name, False, "hangs")
            return self.connection.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode or 0
            self._start()
            return Outcome(name, False, f"crashes: {signal.Signals(-code).name if code < 0 else code}")

    def _worked(self) -> float:
        """Seconds of a processor that the child has had; as the clock has it where that is not told."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return time.monotonic()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the child."""
        self.process.kill()
        self.process.join()
        self.connection.close()
