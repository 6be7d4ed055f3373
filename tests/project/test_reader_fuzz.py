"""The fuzz of tests/fuzz_readers.py: about a minute of it, and that its watch sees what it should see."""

import os
import time
from types import MappingProxyType

import numpy as np
import pytest
from fuzz_readers import run
from fuzzing import child
from fuzzing.child import Outcome, Reader
from fuzzing.reader_kinds import Kind, case, kinds, write_reader_originals


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "originals"
    write_reader_originals(folder)
    return folder


def test_a_minute_of_it_finds_nothing(originals):
    outcomes = run(11, 60, originals, most=2400)
    assert [outcome for outcome in outcomes if outcome.wrong] == []
    assert {outcome.kind for outcome in outcomes} == set(kinds())
    assert {outcome.kind for outcome in outcomes if outcome.refused} == set(kinds())


@pytest.mark.parametrize("name", kinds())
def test_whole_files_are_read_and_the_same_seed_spoils_the_same_way(originals, tmp_path, name):
    kind, made = kinds()[name], []
    for original in kind.originals:
        whole = Kind((original,), (), kind.read, kind.refuses)
        path = case(whole, _Never(), originals, tmp_path)
        kind.read(path)
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        made.append(case(kind, np.random.default_rng([11, 5]), originals, folder).read_bytes())
    assert made[0] == made[1]


class _Never:
    """Chance that spoils nothing."""

    def random(self) -> float:
        return 1.0

    def integers(self, _: int) -> int:
        return 0


def crash(_seed, _number, _originals) -> Outcome:
    os.abort()


def hang(_seed, _number, _originals) -> Outcome:
    while True:
        pass


def well(_seed, number, _originals) -> Outcome:
    return crash(0, 0, 0) if number == 1 else Outcome("mat", True)


def test_the_watch_sees_a_crash_and_goes_on(originals):
    reader = Reader(0, originals, well)
    try:
        assert [reader.read(number).wrong for number in range(3)] == ["", "crashes: SIGABRT", ""]
    finally:
        reader.close()


def test_the_watch_sees_a_reader_that_hangs(originals, monkeypatch):
    monkeypatch.setattr(child, "SECONDS", 1)
    reader, begin = Reader(0, originals, hang), time.monotonic()
    try:
        assert reader.read(0).wrong == "hangs"
    finally:
        reader.close()
    assert time.monotonic() - begin < 60


def greedy(_path) -> None:
    np.ones(2**26)


def buggy(_path) -> None:
    raise KeyError("x")


def talkative(_path) -> None:
    raise kinds()["npz"].refuses[0]("one\ntwo")


@pytest.mark.parametrize(
    ("read", "wrong"), [(greedy, "takes "), (buggy, "KeyError at "), (talkative, "says more than one line")]
)
def test_the_watch_sees_memory_wrong_exceptions_and_many_lines(originals, monkeypatch, read, wrong):
    npz = kinds()["npz"]
    monkeypatch.setattr(child, "kinds", lambda: MappingProxyType({"npz": Kind(npz.originals, (), read, npz.refuses)}))
    monkeypatch.setattr(child, "MEMORY", 2**28)
    if read is greedy and not os.path.exists("/proc/self/clear_refs"):  # noqa: PTH110
        pytest.skip("memory is counted on Linux only")
    assert child.attempt(0, 0, originals).wrong.startswith(wrong)
