"""Spoiled files against every reader of models: python tests/fuzz_readers.py --seconds 60 --seed 0

Each is read in a child process. It has to end within ten seconds with what its reader returns or may raise, in one gibibyte of
memory, and without taking the process with it. The same seed gives the same files; `--only N` reads one and shows what is said.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
from fuzzing.child import Outcome, Reader, attempt
from fuzzing.reader_kinds import write_reader_originals


def run(seed: int, seconds: float, originals: Path, most: int = sys.maxsize) -> list[Outcome]:
    """The outcomes of cases 0, 1, 2... until the time is over, or there are so many."""
    reader, begin, found = Reader(seed, originals), time.monotonic(), []
    try:
        while time.monotonic() - begin < seconds and len(found) < most:
            found.append(reader.read(len(found)))
    finally:
        reader.close()
    return found


def main() -> int:
    """Prints what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one case, in this process")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facetex-fuzz-") as folder:
        originals = Path(folder) / "originals"
        write_reader_originals(originals)
        if given.only is not None:
            outcome = attempt(given.seed, given.only, originals)
            print(outcome)
            return 1 if outcome.wrong else 0
        return _report(run(given.seed, given.seconds, originals), given)


def _report(outcomes: list[Outcome], given: argparse.Namespace) -> int:
    counts: dict[str, Counter] = defaultdict(Counter)
    found: dict[str, list[int]] = defaultdict(list)
    for number, outcome in enumerate(outcomes):
        counts[outcome.kind].update(files=1, refused=outcome.refused, wrong=bool(outcome.wrong))
        if outcome.wrong:
            found[f"{outcome.kind}: {outcome.wrong}"].append(number)
    print(f"{'reader':8} {'files':>7} {'refused':>8} {'wrong':>6}")
    for kind, count in counts.items():
        print(f"{kind:8} {count['files']:7} {count['refused']:8} {count['wrong']:6}")
    wrong = sum(map(len, found.values()))
    print(f"{len(outcomes)} files of seed {given.seed} in {given.seconds:.0f} s, {wrong} wrong")
    for what, numbers in sorted(found.items(), key=lambda each: -len(each[1])):
        print(f"{len(numbers):4} x {what}  (--only {numbers[0]})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
