"""Which test ran which line, and how long each took, for tests/mutations.py: a plugin for `coverage run -m pytest -p covering`.

A line that a shared fixture ran is noted under the name of its file: any test of that file may notice what is wrong in it.
Tests that fail are left out: they would notice everything.
"""

import base64
import json
import os
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from coverage import Coverage

SECONDS = Path(".coverage-seconds.json")
"""How long each test took, beside the file of coverage."""
CHILDREN = "COVERAGE_PROCESS_CONFIG"
"""The variable that carries coverage's configuration to the processes that a test starts."""

_at_work, _failed, _skipped = [""], set[str](), set[str]()
_seconds, _shared = Counter[str](), Counter[str]()
"""Of each test; of the fixtures that the tests of a file share."""


def _note(name: str) -> None:
    if (measured := Coverage.current()) and CHILDREN in os.environ:
        measured.switch_context(name)
        told = json.loads(base64.b64decode(os.environ[CHILDREN])) | {"context": name}
        os.environ[CHILDREN] = base64.b64encode(json.dumps(told).encode()).decode()


@contextmanager
def _noted(name: str) -> Generator[None]:
    """What runs now, and the processes that it starts, run for this test."""
    _at_work.append(name)
    _note(name)
    try:
        yield
    finally:
        _at_work.pop()
        _note(_at_work[-1])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Each test under its name."""
    with _noted(item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """Each fixture of a file under the name of that file."""
    if fixturedef.scope == "function":
        return (yield)
    begin = time.perf_counter()
    with _noted(fixturedef.baseid):
        try:
            return (yield)
        finally:
            _shared[fixturedef.baseid] += time.perf_counter() - begin


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds up set-up, call and end."""
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        (_failed if report.failed else _skipped).add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Of the tests that passed, each with what it shares, and of files whose tests share something; adds to earlier runs."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        known = json.loads(SECONDS.read_text("utf-8")) if SECONDS.exists() else {}
        tests = {name: seconds for name, seconds in _seconds.items() if name not in _failed | _skipped}
        whole = _shared.keys() - {name.partition("::")[0] for name in _failed}
        files = {file: sum(tests[name] for name in tests if name.startswith(f"{file}::")) for file in whole}
        passed = {name: seconds + _shared[name.partition("::")[0]] for name, seconds in tests.items()}
        SECONDS.write_text(json.dumps(known | passed | files), "utf-8")
