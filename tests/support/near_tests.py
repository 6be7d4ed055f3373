"""Which tests to run for a line that was changed, by what `make coverage` left."""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

from coverage import CoverageData
from coverage.parser import PythonParser
from drawn_mutations import SHIPS, Mutation
from places import ROOT

COVERAGE, SECONDS = ROOT / ".coverage", ROOT / ".coverage-seconds.json"
NEAREST, TESTS, CASES = 8, 40, 10
"""A mutation is tried with so many tests, then with more, so many cases of each; the quickest first."""
A_WHILE = 100.0
"""Seconds that those take together without it."""
PATIENCE = 60
"""Seconds, and five times what the tests took without the mutation: what takes longer is noticed."""


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
        files = {test.partition("::")[0] for test in collected}
        self.tests = self.seconds.keys() & (collected | files)

    def of(self, mutation: Mutation) -> list[list[str]]:
        """The nearest tests, then more: those of the line, then those of its file, for what ran once and was kept.

        A fixture that the tests of a file share stands for all of them, and a file of tests is of the module of its name.
        """
        lines = self.contexts.get(mutation.path, {})
        parser = PythonParser(text=(ROOT / mutation.path).read_text("utf-8"))
        parser.parse_source()
        here = {name for line in (mutation.line, parser.first_line(mutation.line)) for name in lines.get(line, [])}
        if not here:
            return []
        near = mirror(mutation.path)
        own = {test for test in self.tests if test.startswith(f"{near}/test_{Path(mutation.path).stem}.py::")}

        def nearness(test: str) -> tuple[bool, bool, int, float]:
            return test not in here | own, not test.startswith(near), self.reach[test], self.seconds[test]

        few = self._a_few(sorted(self.tests & set(chain(own, *lines.values())), key=nearness))
        return [sorted(part, key=self.seconds.__getitem__) for part in (few[:NEAREST], few[NEAREST:]) if part]

    def _a_few(self, ranked: list[str]) -> list[str]:
        """The first, not too many cases of one test, and none that would make it take too long, unless all do."""
        kept: list[str] = []
        cases, left = Counter[str](), A_WHILE
        for test in ranked:
            name = test.partition("[")[0]
            if len(kept) < TESTS and cases[name] < CASES and self.seconds[test] < left:
                kept.append(test)
                cases[name] += 1
                left -= self.seconds[test]
        return kept or sorted(ranked, key=self.seconds.__getitem__)[:1]

    def patience(self, tests: list[str]) -> float:
        """Seconds after which a mutation has made them hang."""
        return PATIENCE + 5 * sum(self.seconds[test] for test in tests)
