"""How many small mutations the tests notice: python tests/mutations.py --count 200 --seed 0

Draws lines of what ships, puts one mutation of cosmic-ray's in each (another operator, a number that is one off, a condition
turned round), and runs the tests that cover the line, in a copy of the repository. `make coverage` notes first which tests
cover which line. Prints a line a mutation: its number, where, which, what the line says now, and the test that noticed it or
SURVIVED. A line that no test covers survives. The same seed draws the same mutations; `--only 3,17` tries some of them again.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
from coverage import CoverageData
from coverage.parser import PythonParser
from drawn_mutations import SHIPS, Mutation, drawn
from places import ROOT

from facetex_core.geometry.raycast import open3d

COVERAGE, SECONDS = ROOT / ".coverage", ROOT / ".coverage-seconds.json"
LARGE = ("torch", "cv2", "scipy.spatial", "onnxruntime", "skimage", "h5py", "beartype", "pytest")
"""Packages that every fork finds loaded."""
QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore:Module already imported")
TESTS, CASES = 40, 3
"""A mutation is tried with so many tests, so many cases of each: the nearest, the quickest of those first."""
A_WHILE = 100
"""Seconds that those take together without it."""
PATIENCE = 60
"""Seconds, and five times what the tests took without the mutation: what takes longer is noticed."""
LATE = 124
"""The code of tests that took longer."""


def mirror(path: str) -> str:
    """The folder of tests that is called as the module's."""
    folder = next(folder for folder in SHIPS if path.startswith(folder))
    return Path(SHIPS[folder], Path(path).parent.relative_to(folder)).as_posix()


class Covered:
    """Which tests cover a line, by the file that `make coverage` left."""

    def __init__(self, collected: set[str]) -> None:
        data = CoverageData(str(COVERAGE))
        data.read()
        self.contexts = {path: data.contexts_by_lineno(path) for path in data.measured_files()}
        self.reach = Counter(name for lines in self.contexts.values() for name in set(chain(*lines.values())))
        self.seconds: dict[str, float] = json.loads(SECONDS.read_text("utf-8"))
        self.tests = {test for test in self.seconds if test in collected}

    def _expanded(self, contexts: set[str]) -> set[str]:
        """A shared fixture stands for the tests of its file."""
        files = tuple(f"{name}::" for name in contexts if name.endswith(".py"))
        return {test for test in self.tests if test in contexts or test.startswith(files)}

    def of(self, mutation: Mutation) -> list[str]:
        """The tests to run: those of the line, then those of its file, for what ran once and was kept."""
        lines = self.contexts.get(mutation.path, {})
        parser = PythonParser(text=(ROOT / mutation.path).read_text("utf-8"))
        parser.parse_source()
        here = {name for line in (mutation.line, parser.first_line(mutation.line)) for name in lines.get(line, [])}
        if not here:
            return []
        near, tests, around = mirror(mutation.path), self._expanded(here), self._expanded(set(chain(*lines.values())))

        def nearness(test: str) -> tuple[bool, bool, int, float]:
            return test not in tests, not test.startswith(near), self.reach[test], self.seconds[test]

        return sorted(self._a_few(sorted(around, key=nearness)), key=lambda test: (test not in tests, self.seconds[test]))

    def _a_few(self, ranked: list[str]) -> list[str]:
        """The first, not too many cases of one test, and none that would make it take too long."""
        kept: list[str] = []
        cases = Counter[str]()
        for test in ranked:
            name, whole = test.partition("[")[0], self.seconds[test] + sum(self.seconds[each] for each in kept)
            if len(kept) < TESTS and cases[name] < CASES and (whole < A_WHILE or not kept):
                kept.append(test)
                cases[name] += 1
        return kept

    def patience(self, tests: list[str]) -> float:
        """Seconds after which a mutation has made them hang."""
        return PATIENCE + 5 * sum(self.seconds[test] for test in tests)


def copied(folder: Path) -> Path:
    """A copy of the repository, in which nothing that git ignores is."""
    listed = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    if (ROOT / "tests" / "node_modules").is_dir():
        (folder / "tests" / "node_modules").symlink_to(ROOT / "tests" / "node_modules")
    return folder


def load() -> None:
    """What all forks share: packages of others, nothing of what ships."""
    for name in LARGE:
        import_module(name)
    open3d()


def pytest(copy: Path, words: list[str], patience: float | None = None) -> tuple[int, str]:
    """Runs tests of the copy on the code of the copy, in a fork that has the large packages: its code, what it says."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as said:
        process = get_context("fork").Process(target=_test, args=(copy, words, said.name))
        process.start()
        process.join(patience)
        late = process.is_alive()
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)  # what the tests started goes too
        process.join()
        return LATE if late else process.exitcode or 0, said.read()


def _test(copy: Path, words: list[str], said: str) -> None:
    os.setsid()
    for number, name in enumerate((os.devnull, said, said)):
        os.dup2(os.open(name, os.O_RDWR), number)
    os.chdir(copy)
    paths = [str(copy), *(str(copy / folder) for folder in ("plugins", "model_zoo", "cli"))]
    sys.path[:0] = paths
    shared = os.environ.get("FACETEX_SHARED") or str(ROOT.parent / "shared")
    os.environ.update(PYTHONPATH=os.pathsep.join(paths), FACETEX_SHARED=shared, PYTHONDONTWRITEBYTECODE="")
    sys.dont_write_bytecode = False
    for name in [name for name, module in sys.modules.items() if str(ROOT) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]
    sys.exit(int(import_module("pytest").main([*QUIET, *words])))


def put(file: Path, source: str) -> None:
    """Writes a module, and forgets what was compiled of it: two versions may have one length and one time."""
    file.write_text(source, "utf-8")
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()


def noticed(copy: Path, mutation: Mutation, tests: list[str], patience: float) -> str:
    """The test that fails, or nothing."""
    before = (copy / mutation.path).read_text("utf-8")
    put(copy / mutation.path, mutation.source())
    try:
        code, said = pytest(copy, ["-x", "--tb=no", "-rfE", *tests], patience)
    finally:
        put(copy / mutation.path, before)
    if code == LATE:
        return "the time that it takes"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
    return (failed[1] if failed else "the end of the process") if code else ""


def described(mutation: Mutation) -> str:
    """Where, which, and what the line is now."""
    return f"{mutation.path}:{mutation.line} {mutation.operator} `{mutation.source().splitlines()[mutation.line - 1].strip()}`"


def tried(mutations: dict[int, Mutation]) -> Iterator[bool]:
    """Prints each as it comes."""
    with tempfile.TemporaryDirectory(prefix="facetex-mutations-") as folder:
        copy = copied(Path(folder))
        load()
        covered = Covered(set(pytest(copy, ["--collect-only"])[1].splitlines()))
        for number, mutation in mutations.items():
            tests = covered.of(mutation)
            by = noticed(copy, mutation, tests, covered.patience(tests)) if tests else ""
            print(number, described(mutation), f"noticed by {by}" if by else f"SURVIVED {len(tests)} tests", flush=True)
            yield bool(by)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="How many small mutations the tests notice.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=lambda text: list(map(int, text.split(","))), help="numbers of mutations to try again")
    words = parser.parse_args()
    if not (COVERAGE.is_file() and SECONDS.is_file()):
        print("error: no file says which test covers which line; `make coverage` writes it", file=sys.stderr)
        return 2
    mutations = dict(enumerate(drawn(words.count, words.seed)))
    answers = list(tried({number: mutations[number] for number in words.only or mutations}))
    print(f"{sum(answers)} of {len(answers)} noticed ({sum(answers) / max(len(answers), 1):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
