"""The mutations of tests/mutations.py: what is drawn, which tests are run for it, and that the copy is mended after each."""

import json
from contextlib import suppress

import mutations
import near_tests
import pytest
from coverage import CoverageData
from drawn_mutations import Mutation, drawn, mutations_of
from places import ROOT

PATH = "facetex_core/errors.py"
TEXT = (ROOT / PATH).read_text("utf-8")
NEAR, FAR = "tests/core/test_options.py::test_near", "tests/project/test_docs.py::test_far"


def changed_lines(mutation):
    before, after = TEXT.splitlines(), mutation.source().splitlines()
    return [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]]


def test_a_mutation_changes_the_line_that_it_names_and_no_other():
    found = [mutation for mutation in mutations_of(PATH) if mutation.compiles()]
    assert len(found) > 3
    assert all(changed_lines(mutation) == [mutation.line] for mutation in found)


def test_the_same_seed_draws_the_same_lines_and_another_seed_others(monkeypatch):
    monkeypatch.setattr("drawn_mutations.shipped", lambda: [PATH, "facetex_core/progress.py"])
    assert drawn(4, 0) == drawn(4, 0) != drawn(4, 1)


def test_a_larger_sample_begins_with_the_smaller_one(monkeypatch):
    monkeypatch.setattr("drawn_mutations.shipped", lambda: [PATH, "facetex_core/progress.py"])
    assert drawn(4, 0)[:2] == drawn(2, 0)


def test_without_notes_of_coverage_it_says_which_command_makes_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(mutations, "COVERAGE", tmp_path / ".coverage")
    monkeypatch.setattr("sys.argv", ["mutations.py"])
    assert mutations.main() == 2
    assert capsys.readouterr().err == "error: no file says which test covers which line; `make coverage` writes it\n"


@pytest.fixture
def covered(monkeypatch, tmp_path):
    """Two tests: the near one covers line 1 and 2 in half the time of a far one, which covers line 2."""
    data = CoverageData(str(tmp_path / ".coverage"))
    for name, lines in (("", {1, 2, 3}), (NEAR, {1, 2}), (FAR, {2})):
        data.set_context(name)
        data.add_lines({PATH: lines})
    data.write()
    (tmp_path / "seconds.json").write_text(json.dumps({NEAR: 0.5, FAR: 1.0, "gone": 0.1}), "utf-8")
    monkeypatch.setattr(near_tests, "COVERAGE", tmp_path / ".coverage")
    monkeypatch.setattr(near_tests, "SECONDS", tmp_path / "seconds.json")
    return near_tests.Covered({NEAR, FAR})


def at(line):
    return Mutation(PATH, line, "core/NumberReplacer", 0)


def test_the_quicker_test_of_the_line_runs_before_the_slower_one(covered):
    assert covered.of(at(2)) == [[NEAR, FAR]]


def test_the_nearest_tests_run_before_all_others(covered, monkeypatch):
    monkeypatch.setattr(near_tests, "NEAREST", 1)
    assert covered.of(at(1)) == [[NEAR], [FAR]]


def test_a_line_that_runs_at_import_is_tried_with_the_tests_of_its_file(covered):
    assert covered.of(at(3)) == [[NEAR, FAR]]


def test_a_shared_fixture_stands_for_all_tests_of_its_file(covered):
    file = NEAR.partition("::")[0]
    covered.contexts[PATH][2] = [file]
    covered.seconds[file], covered.tests = 2.0, {*covered.tests, file}
    assert covered.of(at(2)) == [[NEAR, file]]


def test_no_test_is_run_for_a_line_that_none_covers(covered):
    assert covered.of(at(len(TEXT.splitlines()))) == []


def a_copy(tmp_path):
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text(TEXT, "utf-8")
    return tmp_path


def test_the_tests_see_the_mutation_and_afterwards_it_is_gone(tmp_path):
    copy, mutation = a_copy(tmp_path), next(mutations_of(PATH))
    with suppress(KeyboardInterrupt), mutations.put_into(copy, mutation):
        assert (copy / PATH).read_text("utf-8") == mutation.source()
        raise KeyboardInterrupt
    assert (copy / PATH).read_text("utf-8") == TEXT


@pytest.mark.parametrize(
    ("answer", "by"),
    [
        ((0, "2 passed"), ""),
        ((1, f"FAILED {NEAR}[a b] - assert\n"), f"{NEAR}[a b]"),
        ((4, "ERROR tests/core/test_options.py\n"), "tests/core/test_options.py"),
        ((-11, ""), "the end of the process"),
        ((mutations.LATE, ""), "the time that it takes"),
    ],
)
def test_what_becomes_of_the_tests_says_who_noticed(monkeypatch, tmp_path, answer, by):
    monkeypatch.setattr(mutations, "pytest", lambda *_: answer)
    assert mutations.failing(tmp_path, [NEAR], 1) == by


def test_the_tests_run_on_the_code_of_the_copy_and_end_when_their_time_is_up(tmp_path):
    (tmp_path / "test_one.py").write_text("import os, time\ndef test_one(): time.sleep(int(os.environ['NAP']))\n", "utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NAP", "0")
        assert mutations.pytest(tmp_path, ["test_one.py"])[0] == 0
        environment.setenv("NAP", "60")
        assert mutations.pytest(tmp_path, ["test_one.py"], 2)[0] == mutations.LATE


def test_what_was_compiled_of_a_module_is_forgotten_with_its_text(tmp_path):
    compiled = tmp_path / "__pycache__" / "module.cpython.pyc"
    compiled.parent.mkdir()
    compiled.touch()
    mutations.put(tmp_path / "module.py", "x = 1\n")
    assert not compiled.exists()
