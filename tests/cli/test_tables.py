"""Tables for people, and records for programs."""

import csv
import json

from facetex_cli.tables import print_table, write_record


def test_columns_stand_under_each_other_and_no_line_ends_in_blanks(capsys):
    print_table(("name", "n"), [["a", "1"], ["longer", "22"]])
    assert capsys.readouterr().out.splitlines() == ["name    n", "a       1", "longer  22"]


def test_a_record_of_a_single_case_is_written_whole(tmp_path):
    write_record({"seed": 3}, [{"case": "a", "mm": 0.5}], tmp_path / "out", "suite")
    assert json.loads((tmp_path / "out" / "suite.json").read_text("utf-8")) == {"seed": 3, "cases": [{"case": "a", "mm": 0.5}]}
    with (tmp_path / "out" / "suite.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["case", "mm"], ["a", "0.5"]]
