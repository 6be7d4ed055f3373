"""How many small faults the tests notice: python tests/mutations.py --count 200 --seed 0

Draws lines of what ships, puts one fault of cosmic-ray's in each (another operator, a number that is one off, a condition
turned round), and runs the tests that cover the line, in a copy of the repository. `make coverage` notes first which tests
cover which line. Prints a line a fault: its number, where, which, what the line says now, and the test that noticed it or
SURVIVED. A line that no test covers survives. The same seed draws the same faults; `--only 3,17` tries some of them again.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from coverage import CoverageData
from coverage.parser import PythonParser

ROOT = Path(__file__).resolve().parents[1]
SHIPS = {
    "facetex_core": "tests/core",
    "plugins/facetex_plugins": "tests/plugins",
    "model_zoo/facetex_model_zoo": "tests/zoo",
    "cli/facetex_cli": "tests/cli",
}
"""What ships, and where its tests lie."""
COVERAGE, SECONDS = ROOT / ".coverage", ROOT / ".coverage-seconds.json"
TESTS = 40
"""A fault is tried with so many tests: the nearest, the quickest of those first."""
PATIENCE = 60
"""Seconds for the tests of a fault, and five times what they took without it: what takes longer is noticed."""
INERT = {"name", "string", "newline", "endmarker", "fstring_string", "fstring_start", "fstring_end"}
"""Parts of a syntax tree that cosmic-ray's operators leave alone."""


class Fault(NamedTuple):
    """One mutation: the `occurrence`-th of its operator in the file."""

    path: str
    line: int
    operator: str
    occurrence: int

    def source(self) -> str:
        """The file with the fault in it."""
        return str(mutate_code((ROOT / self.path).read_text("utf-8"), operators()[self.operator], self.occurrence))

    def compiles(self) -> bool:
        """What no interpreter reads is no fault, nor what cosmic-ray cannot write: another name for `except module.Name`."""
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(self.source(), self.path, "exec")
        except (SyntaxError, AttributeError):
            return False
        return True


@cache
def operators() -> dict[str, Operator]:
    """All of cosmic-ray's that need no names of variables."""
    found = {name: get_operator(name) for name in sorted(operator_names())}
    return {name: made() for name, made in found.items() if not made.arguments()}


def shipped() -> list[str]:
    """Every file of what ships; templates are text that a plugin's author gets."""
    found = [path for folder in SHIPS for path in (ROOT / folder).rglob("*.py") if "templates" not in path.parts]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def faults_of(path: str) -> Iterator[Fault]:
    """Every fault that could be put in the file."""
    seen: dict[str, int] = defaultdict(int)
    for node in ast_nodes(get_ast((ROOT / path).read_text("utf-8"))):
        for name, operator in operators().items() if node.type not in INERT else ():
            for (line, _), _ in operator.mutation_positions(node):
                yield Fault(path, line, name, seen[name])
                seen[name] += 1


def drawn(count: int, seed: int) -> list[Fault]:
    """A fault each for so many lines, of those that could have one."""
    lines: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for path in shipped():
        for fault in faults_of(path):
            lines[fault.path, fault.line].append(fault)
    chance = random.Random(seed)  # noqa: S311  # draws a sample
    shuffled = (chance.sample(lines[place], len(lines[place])) for place in chance.sample(sorted(lines), len(lines)))
    chosen = (next(filter(Fault.compiles, faults), None) for faults in shuffled)
    return [fault for fault, _ in zip(filter(None, chosen), range(count), strict=False)]


def mirror(path: str) -> str:
    """The folder of tests that is called as the module's."""
    folder = next(folder for folder in SHIPS if path.startswith(folder))
    return Path(SHIPS[folder], Path(path).parent.relative_to(folder)).as_posix()


class Covered:
    """Which tests cover a line, by the file that `make coverage` left."""

    def __init__(self, collected: set[str]) -> None:
        self.data = CoverageData(str(COVERAGE))
        self.data.read()
        self.seconds: dict[str, float] = json.loads(SECONDS.read_text("utf-8"))
        self.tests = {test for test in self.seconds if test in collected}

    def _expanded(self, contexts: set[str]) -> set[str]:
        """A shared fixture stands for the tests of its file."""
        files = tuple(f"{name}::" for name in contexts if name.endswith(".py"))
        return {test for test in self.tests if test in contexts or test.startswith(files)}

    def of(self, fault: Fault) -> list[str]:
        """The tests to run: those of the line, then those of its file, for what ran once and was kept."""
        contexts = self.data.contexts_by_lineno(fault.path)
        parser = PythonParser(text=(ROOT / fault.path).read_text("utf-8"))
        parser.parse_source()
        here = {name for line in (fault.line, parser.first_line(fault.line)) for name in contexts.get(line, [])}
        if not here:
            return []
        around = self._expanded({name for names in contexts.values() for name in names})
        near, tests = mirror(fault.path), self._expanded(here)
        ranked = sorted(around, key=lambda test: (test not in tests, not test.startswith(near), self.seconds[test]))
        return sorted(ranked[:TESTS], key=lambda test: (test not in tests, self.seconds[test]))

    def patience(self, tests: list[str]) -> float:
        """Seconds after which a fault has made them hang."""
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


def pytest(copy: Path, words: list[str], patience: float | None = None) -> subprocess.CompletedProcess[str]:
    """Runs tests of the copy on the code of the copy."""
    paths = [copy, *(copy / folder for folder in ("plugins", "model_zoo", "cli"))]
    shared = os.environ.get("FACETEX_SHARED") or str(ROOT.parent / "shared")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "FACETEX_SHARED": shared}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=patience)


def put(file: Path, source: str) -> None:
    """Writes a module, and forgets what was compiled of it: two versions may have one length and one time."""
    file.write_text(source, "utf-8")
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()


def noticed(copy: Path, fault: Fault, tests: list[str], patience: float) -> str:
    """The test that fails, or nothing."""
    before = (copy / fault.path).read_text("utf-8")
    put(copy / fault.path, fault.source())
    try:
        done = pytest(copy, ["-x", "--tb=no", "-rfE", *tests], patience)
    except subprocess.TimeoutExpired:
        return "the time that it takes"
    finally:
        put(copy / fault.path, before)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return (failed[1] if failed else "the end of the process") if done.returncode else ""


def said(fault: Fault) -> str:
    """Where, which, and what the line is now."""
    return f"{fault.path}:{fault.line} {fault.operator} `{fault.source().splitlines()[fault.line - 1].strip()}`"


def tried(faults: dict[int, Fault]) -> Iterator[bool]:
    """Prints each as it comes."""
    with tempfile.TemporaryDirectory(prefix="facetex-mutations-") as folder:
        copy = copied(Path(folder))
        covered = Covered(set(pytest(copy, ["--collect-only", "-q"]).stdout.splitlines()))
        for number, fault in faults.items():
            tests = covered.of(fault)
            by = noticed(copy, fault, tests, covered.patience(tests)) if tests else ""
            print(number, said(fault), f"noticed by {by}" if by else f"SURVIVED {len(tests)} tests", flush=True)
            yield bool(by)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="How many small faults the tests notice.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=lambda text: set(map(int, text.split(","))), help="numbers of faults to try again")
    words = parser.parse_args()
    if not (COVERAGE.is_file() and SECONDS.is_file()):
        print("error: no file says which test covers which line; `make coverage` writes it", file=sys.stderr)
        return 2
    faults = dict(enumerate(drawn(words.count, words.seed)))
    answers = list(tried({number: fault for number, fault in faults.items() if words.only is None or number in words.only}))
    print(f"{sum(answers)} of {len(answers)} noticed ({sum(answers) / max(len(answers), 1):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
