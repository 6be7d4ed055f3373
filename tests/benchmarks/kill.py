"""Kills a comparison at random moments and runs it again: python tests/benchmarks/kill.py [MOMENTS] [SEED].

Each time in a new folder, with SIGKILL when a random share of the work is done and up to a second more has gone by. The
files must then be those of an undisturbed run, but for the seconds and megabytes, which are measured (tests/unmeasured.py).
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from unmeasured import unmeasured

GRID = ["--delighter", "harmonics,none"]


def start(out: Path) -> subprocess.Popen[bytes]:
    words = ["compare", "--example", "--preset", "draft", "--size", "256", *GRID, "-o", str(out), "--quiet"]
    return subprocess.Popen([sys.executable, "-m", "facetex_cli", *words])


def entries(out: Path) -> int:
    return sum(not path.name.endswith(".part") for path in (out / "cache").rglob("*.*"))


def main() -> None:
    """Prints each moment, and how many ended alike."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    moments = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: S311  # no secret
    alike = 0
    with tempfile.TemporaryDirectory() as folder:
        assert start(Path(folder) / "whole").wait() == 0
        whole, full = unmeasured(Path(folder) / "whole"), entries(Path(folder) / "whole")
        for number in range(count):
            out, share, more = Path(folder) / str(number), moments.uniform(0, full + 1), moments.random()
            process = start(out)
            while entries(out) < min(share, full) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(more)
            process.kill()
            code, kept = process.wait(), entries(out)
            assert start(out).wait() == 0
            found = unmeasured(out)
            wrong = [name for name in whole if found[name] != whole[name]]
            alike += not wrong
            said = f"differs: {', '.join(wrong)}" if wrong else "the same bytes"
            print(f"{number + 1}: ended by {code} with {kept} of {full} entries; run again: {said}", flush=True)
    print(f"{alike} of {count} the same as undisturbed")


if __name__ == "__main__":
    main()
