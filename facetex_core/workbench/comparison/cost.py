"""What a piece of work costs: seconds, and how far the process grew meanwhile."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(slots=True)
class Cost:
    """Filled in when the work is done."""

    seconds: float = 0.0
    """By the clock."""
    grown_mb: float | None = None
    """Most memory that was resident during the work, less what was before it; none where the system does not tell."""


@contextmanager
def measured() -> Iterator[Cost]:
    """Measures what is done inside."""
    effort, before = Cost(), _resident_mb("VmRSS")
    with_peak = before is not None and _forget_peak()
    begin = time.perf_counter()
    yield effort
    effort.seconds = time.perf_counter() - begin
    peak = _resident_mb("VmHWM") if with_peak else None
    if peak is not None and before is not None:
        effort.grown_mb = max(peak - before, 0.0)


def _resident_mb(what: str) -> float | None:
    try:
        found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text("ascii"))
    except OSError:
        return None
    return int(found[1]) / 1000 if found else None


def _forget_peak() -> bool:
    """Linux then counts the peak from now on."""
    try:
        _RESET.write_text("5", "ascii")
    except OSError:
        return False
    return True
