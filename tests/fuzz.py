"""Spoiled input against the command line: python tests/fuzz.py --count 5000 --seed 0

Every case is one call of `facetex` in a folder of its own. It has to end within 20 seconds (more where the machine is busy)
with code 0 or 2, say one line on stderr where it fails, print no traceback, write nothing outside of its output folder, and
nothing there if it fails. The same seed gives the same cases; `--only N` repeats one and shows what it says.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import numpy as np
from fuzzing.kinds import KINDS
from fuzzing.originals import use, write_originals
from fuzzing.watch import Outcome, attempt, fresh

ADDRESSES = 24 * 2**30
"""Bytes of address space: what asks for more gets a MemoryError, and the case has failed."""


def kind_of(seed: int, number: int) -> str:
    """By the shares of the table."""
    shares = np.array([share for _, share in KINDS.values()])
    return str(np.random.default_rng([seed, number, 0]).choice(list(KINDS), p=shares / shares.sum()))


def one(seed: int, number: int, originals: Path) -> tuple[Outcome, list[str]]:
    """Case `number`, and its words."""
    use(originals)
    with tempfile.TemporaryDirectory(prefix="facetex-fuzz-") as folder:
        work = fresh(Path(folder) / "work")
        words = KINDS[kind_of(seed, number)][0](np.random.default_rng([seed, number, 1]), originals, work)
        return attempt(words, work), words


def _limit() -> None:
    import resource

    os.environ["OMP_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def every(seed: int, numbers: range, originals: Path, jobs: int) -> Iterator[tuple[int, Outcome]]:
    """All outcomes as they come; a case that takes its process with it is tried alone, to be told from its neighbours."""
    waiting, alone = list(reversed(numbers)), []
    while waiting or alone:
        # What took a process with it is done again one by one: only the guilty one breaks the pool a second time.
        batch, workers = ([alone.pop()], 1) if alone else ([waiting.pop() for _ in range(min(len(waiting), 250))], jobs)
        with ProcessPoolExecutor(workers, get_context("spawn"), _limit) as pool:
            asked = {pool.submit(one, seed, number, originals): number for number in batch}
            for future, number in _as_done(asked):
                try:
                    yield number, future.result()[0]
                except BrokenProcessPool:
                    if len(batch) > 1:
                        alone.append(number)
                    else:
                        yield number, Outcome(None, 0.0, "takes the process down")


def _as_done(asked: dict[Future, int]) -> Iterator[tuple[Future, int]]:
    left = set(asked)
    while left:
        done, left = wait(left, timeout=150, return_when=FIRST_COMPLETED)
        if not done:
            sys.exit(f"no case has ended for 150 seconds; one of {sorted(asked[future] for future in left)[:8]}")
        yield from ((future, asked[future]) for future in done)


def main() -> int:
    """Prints what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--only", type=int, help="one case, with what it says")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facetex-fuzz-") as folder:
        originals = write_originals(Path(folder) / "originals")
        if given.only is not None:
            outcome, words = one(given.seed, given.only, originals)
            print(words, outcome.said, f"code {outcome.code}", outcome.wrong or "well", sep="\n")
            return 1 if outcome.wrong else 0
        return _report(given, originals)


def _report(given: argparse.Namespace, originals: Path) -> int:
    from tqdm import tqdm

    begin = time.monotonic()
    counts: dict[str, Counter] = defaultdict(Counter)
    found: dict[str, list[int]] = defaultdict(list)
    slowest = (0.0, -1)
    outcomes = every(given.seed, range(given.count), originals, given.jobs)
    for number, outcome in tqdm(outcomes, total=given.count, disable=not sys.stderr.isatty()):
        kind = kind_of(given.seed, number)
        counts[kind][outcome.code] += 1
        slowest = max(slowest, (outcome.seconds, number))
        if outcome.wrong:
            found[f"{kind}: {outcome.wrong}"].append(number)
    print(f"{'kind':8} {'cases':>6} {'code 0':>7} {'code 2':>7}")
    for kind, codes in sorted(counts.items()):
        print(f"{kind:8} {sum(codes.values()):6} {codes[0]:7} {codes[2]:7}")
    wrong = sum(map(len, found.values()))
    print(f"{given.count} cases of seed {given.seed} in {time.monotonic() - begin:.0f} s, {wrong} wrong;", end=" ")
    print(f"the slowest, number {slowest[1]}, took {slowest[0]:.1f} s")
    for what, numbers in sorted(found.items(), key=lambda each: -len(each[1])):
        print(f"{len(numbers):4} x {what}  (--only {numbers[0]})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
