"""`facetex study report`: what answers tell, and how sure that is."""

import json
import re

import numpy as np
import pytest
from scipy.stats import beta, binomtest, norm
from study_samples import key_of, patches, somebody, told, written

from facetex_core.errors import ConfigError
from facetex_core.workbench.study.answers import estimate, read_answers, tallies
from facetex_core.workbench.study.study import assemble


@pytest.mark.parametrize(
    ("chosen", "answers", "wilson", "exact"),
    [  # Newcombe 1998, table I, methods 3 and 5
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_intervals_are_those_of_the_literature(chosen, answers, wilson, exact):
    found = estimate(chosen, answers)
    assert found.wilson == pytest.approx(wilson, abs=6e-5)
    assert found.exact == pytest.approx(exact, abs=6e-5)


@pytest.mark.parametrize(("chosen", "answers"), [(0, 1), (1, 1), (3, 7), (50, 100), (100, 100), (730, 1000)])
def test_intervals_follow_their_formulas(chosen, answers):
    found, share, z = estimate(chosen, answers), chosen / answers, norm.ppf(0.975)
    middle, around = share + z * z / (2 * answers), z * np.sqrt(share * (1 - share) / answers + (z / (2 * answers)) ** 2)
    assert found.wilson == pytest.approx([(middle + sign * around) / (1 + z * z / answers) for sign in (-1, 1)], abs=1e-9)
    low = beta.ppf(0.025, chosen, answers - chosen + 1) if chosen else 0
    high = beta.ppf(0.975, chosen + 1, answers - chosen) if chosen < answers else 1
    assert found.exact == pytest.approx([low, high], abs=1e-9)
    assert found.p_value == binomtest(chosen, answers).pvalue


@pytest.mark.parametrize(("sees", "differs"), [(0.5, False), (0.9, True)])
def test_simulated_participants_are_seen_through(sees, differs):
    rng, study, covered = np.random.default_rng(1), assemble(patches(60), "Which?"), []
    for _ in range(200):
        (tally,) = tallies(key_of(study), [somebody(study, rng, sees, name) for name in "ab"])
        assert (tally.first, tally.estimate.answers) == ("photo", 120)
        covered.append(tally.estimate.exact[0] <= sees <= tally.estimate.exact[1])
        if differs:
            assert tally.estimate.exact[0] > 0.5
    assert np.mean(covered) >= 0.93  # 95 % at least, less what 200 draws may miss


def test_participants_are_pooled_by_pair_and_kept_apart():
    study, rng = assemble(patches(10, ("a", "photo", "b")), "Which?"), np.random.default_rng(0)
    rows = tallies(key_of(study), [somebody(study, rng, 1.0, "sharp"), somebody(study, rng, 0.0, "dull")])
    assert [(row.first, row.second) for row in rows] == [("photo", "a"), ("photo", "b"), ("a", "b")]
    assert rows[0].estimate.share == 0.5
    assert rows[0].participants == {"sharp": (10, 10), "dull": (0, 10)}


def test_the_report_is_a_table_json_and_a_page(tmp_path, capsys):
    study = assemble(patches(20), "Which one?")
    files = [written(study, tmp_path, "ab12"), written(study, tmp_path, "cd34", wrong=13)]
    assert told(*files) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Which one? 40 answers of 2 participants"
    assert re.split(" {2,}", lines[2]) == ["photo / mine", "40", "67.5 %", "52.0 to 79.9 %", "50.9 to 81.4 %", "0.038"]
    assert told(*files, "--json", "-o", tmp_path / "page.html") == 0
    (pair,) = json.loads(capsys.readouterr().out)["pairs"]
    assert (pair["chosen"], pair["answers"], pair["first"]) == (27, 40, "photo")
    assert pair["participants"][1] == {"participant": "cd34", "chosen": 7, "answers": 20}
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "photo is chosen more often" in text
    assert "http" not in text


def test_of_one_participants_files_the_longer_counts(tmp_path, capsys):
    study = assemble(patches(6), "Which?")
    whole = written(study, tmp_path)
    table = json.loads(whole.read_text("utf-8"))
    part = tmp_path / "ab12 (1).json"
    part.write_text(json.dumps({**table, "answers": table["answers"][:2]}), "utf-8")
    assert told(part, whole) == 0
    captured = capsys.readouterr()
    assert "6 answers of 1 participants" in captured.out
    assert captured.err == "warning: ab12.json: participant ab12 has several files; the longest counts\n"


def test_strange_answers_are_one_line(tmp_path, capsys):
    study = assemble(patches(4), "Which?")
    good = written(study, tmp_path)
    table, key = json.loads(good.read_text("utf-8")), key_of(study)
    one = table["answers"][0]
    for change, line in (
        ({"study": "another"}, "answers study 'another', the key is that of"),
        ({"answers": [{**one, "chosen": "x"}]}, "answers trials that the study does not have"),
        ({"answers": [{**one, "trial": "x"}]}, "answers trials that the study does not have"),
        ({"answers": [one, one]}, "or one of them twice"),
        ({"answers": [{**one, "trial": 3}]}, "holds no answers"),
        ({"answers": None}, "holds no answers"),
        ({"participant": []}, "holds no answers"),
        ({"answers": []}, "these files contain no answers"),
    ):
        good.write_text(json.dumps({**table, **change}), "utf-8")
        with pytest.raises(ConfigError, match=re.escape(line)):
            read_answers([good], key)
    assert told(tmp_path / "nobody.json") == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_key_is_looked_for_beside_the_answers(tmp_path, capsys):
    study = assemble(patches(4), "Which?")
    file = written(study, tmp_path / "answers")
    key = (tmp_path / "answers" / "s.key.json").rename(tmp_path / "s.key.json")
    assert told(file) == 2
    assert "0 files *.key.json are next to the answers; choose one by --key" in capsys.readouterr().err
    assert told(file, "--key", key) == 0
    for text in ("[]", "{}", '{"study": "x"}', json.dumps({**study.key(), "trials": {"a": {"pictures": {"b": "photo"}}}})):
        key.write_text(text, "utf-8")
        capsys.readouterr()
        assert told(file, "--key", key) == 2
        assert "is no key of a study" in capsys.readouterr().err
