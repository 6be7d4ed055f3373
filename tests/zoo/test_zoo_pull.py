"""`facetex zoo pull` and its neighbours: what is said and asked, two at once, killed in the middle, offline."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import facetex_model_zoo as zoo
import http_server as web
import pytest
from facetex_cli.main import main
from facetex_model_zoo import Part
from facetex_model_zoo.store import Row

from facetex_core import ModelError

CONTENT = os.urandom(3 << 20)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
COMMAND = """
import sys
import facetex_model_zoo.store as table
from facetex_cli.main import console
part = table.Part(sys.argv[1], int(sys.argv[2]), sys.argv[3])
table._rows = lambda: {"toy": table.Row("toy", "a toy", "toy.bin", "MIT", "here", True, sha256=part.sha256, parts=(part,))}
sys.argv[1:] = ["zoo", "pull", "toy"]
sys.exit(console())
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty zoo."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def table(monkeypatch):
    """Makes the table hold a free and a restricted model of the server, and the real bfm and faces."""

    def table_(served: web.Served) -> None:
        part = Part(served.url, len(CONTENT), DIGEST)
        real = {name: zoo.row(name) for name in ("bfm", "faces")}
        toy = Row("toy", "a toy", "toy.bin", "MIT", "here", True, sha256=DIGEST, get="ask", terms="its page", parts=(part,))
        restricted = replace(toy, name="nc", file="nc.bin", licence="not for sale", commercial=False)
        monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: real | {"toy": toy, "nc": restricted})

    return table_


def test_size_licence_and_host_are_shown_before(table, capsys):
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "toy"]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"toy: 3.1 MB from {served.url.split('/')[2]}; licence: MIT, its page\n"
    assert captured.out.splitlines()[1].split() == ["toy", "fetched", str(zoo.place_of("toy"))]


def test_a_program_reads_what_was_done(table, capsys):
    with web.serving(CONTENT) as served:
        table(served)
        expected = [{"name": "toy", "state": "fetched", "path": str(zoo.place_of("toy"))}]
        for state in ("fetched", "was there"):
            assert main(["zoo", "pull", "toy", "toy", "--json"]) == 0
            assert json.loads(capsys.readouterr().out) == [{**expected[0], "state": state}]
    assert len(served.asked) == 1


def test_a_restricted_licence_must_be_accepted(table, capsys):
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "toy", "nc"]) == 2
        assert capsys.readouterr().err.splitlines()[-1] == (
            "error: the licence of 'nc' must be accepted: read it, then run again with --accept-licence"
        )
        assert served.asked == []  # nor is the free one fetched before it is clear
        assert main(["zoo", "pull", "nc", "--accept-licence"]) == 0
    assert zoo.is_installed("nc")


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_on_a_terminal_the_licence_is_asked_for(table, capsys, monkeypatch, answer, code):
    monkeypatch.setattr("facetex_cli.zoo.sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: answer)
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "nc"]) == code
    assert zoo.is_installed("nc") is (code == 0)
    assert ("was not accepted; nothing was fetched" in capsys.readouterr().err) is (code == 2)


class Terminal:
    """Somebody sits there."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["bfm"],
            "cannot be downloaded, because its makers require registration (non-commercial, University of Basel): register at",
        ),
        (["toi"], "no model 'toi'; did you mean 'toy'?"),
        ([], "Missing argument 'NAME...'"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(table, capsys, names, said):
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", *names]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("value", ["1", "yes"])
def test_offline_nothing_is_fetched(table, capsys, monkeypatch, value):
    monkeypatch.setenv("FACETEX_OFFLINE", value)
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "toy"]) == 2
        error = capsys.readouterr().err
        assert error == "error: FACETEX_OFFLINE is set, so nothing is fetched; ask, then run: facetex zoo add toy FILE\n"
        assert served.asked == []
        monkeypatch.setenv("FACETEX_OFFLINE", "0")
        assert main(["zoo", "pull", "toy"]) == 0
        monkeypatch.setenv("FACETEX_OFFLINE", value)
        assert main(["zoo", "pull", "toy"]) == 0  # it is there


def test_a_missing_model_says_how_to_fetch_it(home):
    with pytest.raises(ModelError, match=r"run: facetex zoo pull yunet \(0\.3 MB\), or download .*zoo add yunet FILE"):
        zoo.model_path("yunet")


def test_what_ships_is_there(table, capsys):
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "faces"]) == 0
    assert served.asked == []
    assert "was there" in capsys.readouterr().out


def test_what_a_broken_download_left_can_be_removed(table, home, monkeypatch):
    monkeypatch.setattr("facetex_model_zoo.download.PAUSE", 0)
    with web.serving(CONTENT, web.cut(1 << 20), web.cut(0)) as served:
        table(served)
        assert main(["zoo", "pull", "toy"]) == 2
    assert (home / "downloads" / "toy").is_dir()
    assert main(["zoo", "remove", "toy"]) == 0
    assert not (home / "downloads" / "toy").exists()


def test_what_was_fetched_can_be_verified_and_removed(table, capsys):
    with web.serving(CONTENT) as served:
        table(served)
        assert main(["zoo", "pull", "toy"]) == 0
    assert main(["zoo", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("\n", 2)[2])["toy"] == "ok"
    zoo.place_of("toy").write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    assert main(["zoo", "verify"]) == 2
    assert main(["zoo", "remove", "toy"]) == 0
    assert main(["zoo", "remove", "toy"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: model 'toy' is not installed; there is nothing to remove"
    assert list(zoo.home().iterdir()) == []
    assert main(["zoo", "remove", "faces"]) == 2


@pytest.fixture
def pulling():
    """Starts the command in a process of its own, which the test's end ends."""
    with ExitStack() as processes:

        def start(served: web.Served) -> subprocess.Popen[str]:
            words = [sys.executable, "-c", COMMAND, served.url, str(len(CONTENT)), DIGEST]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield start


def eventually(condition) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_at_once_fetch_once(home, pulling):
    with web.serving(CONTENT, web.held) as served:
        first = pulling(served)
        eventually(lambda: served.asked and served.asked[0].sent > 0)
        second = pulling(served)
        said = second.stderr.readline()  # what it would fetch
        waits = second.stderr.readline()
        served.gate.set()
        codes = [process.wait(240) for process in (first, second)]
    assert codes == [0, 0]
    assert "toy: 3.1 MB from" in said
    assert waits == "toy: another process is downloading it; waiting\n"
    assert [process.stdout.read().split()[4] for process in (first, second)] == ["fetched", "was"]
    assert [note.sent for note in served.asked] == [len(CONTENT)]
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_in_the_middle_it_goes_on(home, pulling, number):
    half = home / "downloads" / "toy" / "model.bin.part"
    with web.serving(CONTENT, web.held) as served:
        first = pulling(served)
        eventually(lambda: half.is_file() and half.stat().st_size == len(CONTENT) // 2)
        first.send_signal(number)
        assert first.wait(240) != 0
        assert "Traceback" not in first.stderr.read()
        assert not (home / "models").exists()
        served.gate.set()
        again = pulling(served)
        assert again.wait(240) == 0
        eventually(lambda: served.asked[1].sent)  # the server notes it when the client may be done
    assert served.asked[1].range == f"bytes={len(CONTENT) // 2}-"
    assert served.asked[1].sent == len(CONTENT) // 2  # and no byte twice
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT
    assert not half.parent.exists()


def test_a_lock_goes_with_the_process_that_held_it(home, pulling):
    with web.serving(CONTENT, web.held) as served:
        first = pulling(served)
        eventually(lambda: served.asked)
        second = pulling(served)
        second.stderr.readline()
        assert "waiting" in second.stderr.readline()
        first.kill()
        first.wait(240)
        served.gate.set()
        assert second.wait(240) == 0
    assert zoo.sha256_of(home / "models" / "toy.bin") == DIGEST
