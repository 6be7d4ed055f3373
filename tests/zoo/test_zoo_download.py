"""What a server may do to a download: each is mended, or named in one line, and nothing wrong is ever kept."""

import hashlib
import os
from pathlib import Path

import http_server as web
import pytest
import requests
from facetex_model_zoo import Part, download, pull
from facetex_model_zoo.store import Row
from requests.adapters import HTTPAdapter

from facetex_core import ConfigError, ModelError

CONTENT = os.urandom(1 << 20)
SIZE = len(CONTENT)
SOME, MORE = 24 * download.PIECE, 40 * download.PIECE
"""Where transfers are cut."""
DIGEST = hashlib.sha256(CONTENT).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize {SIZE}\n".encode()
PAGE = b"\n<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty zoo with a short patience."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "PAUSE", 0.001)
    monkeypatch.setattr(download, "PATIENCE", (2, 0.3))
    return tmp_path / "home"


@pytest.fixture
def fetch(monkeypatch):
    """Pulls the server's file as a model of the table; says whether it was fetched."""

    def fetch_(served: web.Served, url: str = "", size: int = SIZE, **more: object) -> bool:
        digest = hashlib.sha256(served.content).hexdigest()
        part = Part(**{"url": url or served.url, "size": size, "sha256": digest, **more})
        monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: {"toy": row_of(part)})
        return pull.pull_model("toy")

    return fetch_


def row_of(*parts: Part) -> Row:
    return Row("toy", "a toy", "toy.bin", "MIT", "here", True, get="ask for it", parts=parts)


def kept(home: Path) -> list[str]:
    """Everything under the user's folder but locks, and what stands for the model's own name."""
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and path.suffix != ".lock")


WHOLE = ["models/toy.bin", "models/toy.bin.sha256"]


def test_a_file_is_fetched_whole_and_once(fetch, home):
    with web.serving(CONTENT) as served:
        assert fetch(served) is True
        assert fetch(served) is False
    assert len(served.asked) == 1
    assert kept(home) == WHOLE
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT


def test_a_cut_transfer_goes_on_where_it_stopped(fetch, home):
    with web.serving(CONTENT, web.cut(SOME), web.cut(MORE - SOME), web.whole) as served:
        assert fetch(served)
    assert [note.range for note in served.asked] == ["", f"bytes={SOME}-", f"bytes={MORE}-"]
    assert [note.if_range for note in served.asked] == ["", web.ETAG, web.ETAG]
    assert sum(note.sent for note in served.asked) == SIZE  # no byte was sent twice
    assert kept(home) == WHOLE


def test_many_cuts_are_no_failure_while_bytes_come(fetch):
    with web.serving(CONTENT, *[web.cut(4 * download.PIECE + 1)] * 14, web.whole) as served:
        assert fetch(served)
    assert len(served.asked) == 15
    assert sum(note.sent for note in served.asked) == SIZE + 14  # a piece that is not whole is asked for again


def test_a_server_that_always_hangs_up_at_once_is_given_up(fetch, home):
    with web.serving(CONTENT, web.cut(SOME), web.cut(0)) as served, pytest.raises(ModelError, match=r"cut.*5 times") as error:
        fetch(served)
    assert "\n" not in str(error.value)
    assert len(served.asked) == download.TRIES
    assert kept(home) == ["downloads/toy/model.bin.part", "downloads/toy/model.bin.part.version"]


def test_the_next_command_goes_on_where_the_last_one_stopped(fetch, home):
    with web.serving(CONTENT, web.cut(MORE), web.cut(0)) as served, pytest.raises(ModelError):
        fetch(served)
    with web.serving(CONTENT) as again:
        assert fetch(again)
    assert [(note.range, note.sent) for note in again.asked] == [(f"bytes={MORE}-", SIZE - MORE)]
    assert kept(home) == WHOLE


def test_a_server_that_ignores_ranges_sends_all_again(fetch, home):
    with web.serving(CONTENT, web.cut(MORE, ranges=False), web.without_ranges) as served:
        assert fetch(served)
    assert served.asked[1].range == f"bytes={MORE}-"
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT


def test_a_file_that_changed_between_two_tries_is_begun_again(fetch, home):
    with web.serving(bytes(SIZE), web.cut(MORE), web.cut(0), etag='"old"') as served, pytest.raises(ModelError):
        fetch(served)
    with web.serving(CONTENT) as again:
        assert fetch(again)
    assert [(note.if_range, note.sent) for note in again.asked] == [('"old"', SIZE)]
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_a_wrong_beginning_under_a_server_that_names_no_version_is_fetched_again(fetch, home, etag):
    with web.serving(bytes(SIZE), web.cut(MORE), web.cut(0), etag=etag) as served, pytest.raises(ModelError):
        fetch(served)
    with web.serving(CONTENT, etag=etag) as again:
        assert fetch(again)
    assert [(note.range, note.if_range) for note in again.asked] == [(f"bytes={MORE}-", ""), ("", "")]
    assert kept(home) == WHOLE


def test_a_range_that_the_server_does_not_have_is_begun_again(fetch):
    with web.serving(CONTENT, web.cut(MORE), web.status(416), web.whole) as served:
        assert fetch(served)
    assert [note.range for note in served.asked] == ["", f"bytes={MORE}-", ""]


def test_another_range_than_the_one_asked_for_is_not_taken(fetch, home):
    def beside(handler):
        handler.begin(206, 10, Content_Range=f"bytes 0-9/{SIZE}")
        handler.write(CONTENT[:10])

    with web.serving(CONTENT, web.cut(MORE), beside, web.whole) as served:
        assert fetch(served)
    assert (home / "models" / "toy.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(fetch, code):
    with web.serving(CONTENT, web.status(code), web.status(code), web.whole) as served:
        assert fetch(served)
    assert len(served.asked) == 3


def test_pauses_grow(fetch, monkeypatch):
    slept = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    with web.serving(CONTENT, web.status(500)) as served, pytest.raises(ModelError, match="answers 500"):
        fetch(served)
    assert len(served.asked) == download.TRIES
    assert slept == [download.PAUSE * 2**number for number in range(download.TRIES - 1)]


def test_a_silent_server_is_asked_again_for_the_rest(fetch):
    with web.serving(CONTENT, web.stalled, web.whole) as served:
        assert fetch(served)
    assert [note.range for note in served.asked] == ["", f"bytes={download.PIECE}-"]


WRONG = {
    "404": (web.status(404), "the server answers 404 Not Found"),
    "403": (web.status(403), "the server answers 403 Forbidden"),
    "an empty answer": (web.status(204), "the server answers 204"),
    "HTML": (web.body(PAGE), "the server sends an HTML page"),
    "HTML of the right length": (web.body(PAGE + b" " * (SIZE - len(PAGE))), "the server sends an HTML page"),
    "a pointer": (web.body(POINTER), "the server sends a git-lfs pointer, which only names the model"),
    "a shorter file": (web.body(CONTENT[:-1]), f"the server sends {SIZE - 1} bytes where the model has {SIZE}"),
    "a longer file": (web.body(CONTENT + b"x"), f"the server sends {SIZE + 1} bytes where the model has {SIZE}"),
    "a longer file of no length": (web.body(CONTENT + b"x", length=False), f"more than the {SIZE} bytes"),
    "a changed byte": (web.corrupted, "the downloaded file is not the model"),
    "nowhere": (web.redirected("mailto:nobody"), "an unencrypted or invalid address"),
    "a file here": (web.redirected("file:///etc/hostname"), "an unencrypted or invalid address"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_the_model_is_named_and_not_kept(fetch, home, case):
    answer, said = WRONG[case]
    with web.serving(CONTENT, answer) as served, pytest.raises(ModelError) as error:
        fetch(served)
    assert said in str(error.value)
    assert served.url in str(error.value)
    assert "\n" not in str(error.value)
    assert kept(home) == []
    assert len(served.asked) == 1  # another try would not help


def test_a_short_file_of_no_length_is_asked_again(fetch):
    with web.serving(CONTENT, web.body(CONTENT[: download.PIECE], length=False), web.whole) as served:
        assert fetch(served)
    assert [note.range for note in served.asked] == ["", f"bytes={download.PIECE}-"]


def test_redirections_are_followed_and_the_range_goes_with_them(fetch):
    with web.serving(CONTENT, web.cut(MORE), web.whole) as served:
        hop = web.redirected(served.url)
        with web.serving(b"", hop) as first:
            assert fetch(served, url=first.url)
    assert [note.range for note in served.asked] == ["", f"bytes={MORE}-"]


def test_redirections_in_a_circle_end(fetch, home):
    with web.serving(CONTENT) as served:
        served.answers[:] = [web.redirected(served.url)]
        with pytest.raises(ModelError, match="redirects endlessly"):
            fetch(served)
    assert len(served.asked) == download.REDIRECTIONS + 1
    assert kept(home) == []


def test_no_redirection_leads_from_https_to_http(fetch, home, monkeypatch):
    """The adapter below stands for TLS: what is sent to https://models.test arrives at the plain server."""
    with web.serving(CONTENT) as open_to_all, web.serving(CONTENT, web.redirected(open_to_all.url)) as served:
        plain = HTTPAdapter.send

        def send(self, request, **more):
            request.url = request.url.replace("https://models.test/model.bin", served.url)
            return plain(self, request, **more)

        monkeypatch.setattr(HTTPAdapter, "send", send)
        with pytest.raises(ModelError, match="unencrypted"):
            fetch(served, url="https://models.test/model.bin")
    assert len(served.asked) == 1
    assert open_to_all.asked == []
    assert kept(home) == []


def test_a_certificate_that_proves_nothing_is_no_reason_to_try_again(fetch, monkeypatch):
    def send(self, request, **more):
        raise requests.exceptions.SSLError("self-signed certificate")

    monkeypatch.setattr(HTTPAdapter, "send", send)
    with web.serving(CONTENT) as served, pytest.raises(ModelError, match="certificate is not valid"):
        fetch(served, url="https://models.test/model.bin")


def test_nobody_there_is_one_line(fetch):
    with web.serving(CONTENT) as served:
        pass
    with pytest.raises(ModelError, match=r"the connection failed or was cut.*5 times"):
        fetch(served)


def test_too_little_room_is_named_before_a_byte_is_asked_for(fetch, home, monkeypatch):
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2 * SIZE - 1}))
    with web.serving(CONTENT) as served, pytest.raises(ConfigError, match="has 2 MB free; model 'toy' needs 2 MB"):
        fetch(served)
    assert served.asked == []


def test_a_folder_that_cannot_be_made_is_one_line(fetch, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "file"))
    with web.serving(CONTENT) as served, pytest.raises(ConfigError, match=r"cannot be made.*FACETEX_HOME"):
        fetch(served)


def test_a_full_disk_keeps_what_came(fetch, home, monkeypatch):
    real = Path.open

    def full(self, mode="r", *more, **named):
        if mode == "wb":
            raise OSError(28, "No space left on device", str(self))
        return real(self, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    with web.serving(CONTENT) as served, pytest.raises(OSError, match="No space left"):
        fetch(served)
    assert "models/toy.bin" not in kept(home)


def test_progress_is_told_to_the_last_byte(monkeypatch):
    with web.serving(CONTENT, web.cut(MORE), web.whole) as served:
        part, second = (Part(url, SIZE, DIGEST) for url in (served.url, served.url + "2"))
        monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: {"toy": row_of(part, second)})
        heard, taken = [], []
        pull.pull_model("toy", lambda folder, target: taken.append(joined(folder, target)), heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 2 * SIZE
    assert taken == [["model.bin", "model.bin2"]]


def joined(folder: Path, target: Path) -> list[str]:
    """A way in that takes a folder of two files."""
    names = sorted(path.name for path in folder.iterdir())
    target.write_bytes(b"".join((folder / name).read_bytes() for name in names))
    return names
