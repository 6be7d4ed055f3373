"""The guard that stands before every other test: what it refuses, what it lets through, and that none slips by."""

import socket
import subprocess
import sys

import facetex_model_zoo as zoo
import pytest
import requests
from facetex_cli.main import main

ELSEWHERE = "192.0.2.1"
"""An address that belongs to nobody (RFC 5737)."""
ATTEMPTS = {
    "a connection": lambda: socket.create_connection((ELSEWHERE, 80), 1),
    "a connection that answers in numbers": lambda: socket.socket().connect_ex((ELSEWHERE, 80)),
    "a datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", (ELSEWHERE, 53)),
    "IPv6": lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80)),
    "a name": lambda: socket.getaddrinfo("models.test", 443),
    "an old way to a name": lambda: socket.gethostbyname("models.test"),
    "a library": lambda: requests.get(f"http://{ELSEWHERE}/", timeout=1),
}


def refused(contacts):
    """What was noted, forgotten so that this test does not fail for it."""
    noted = contacts.read_text("utf-8")
    contacts.write_text("", "utf-8")
    return noted


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_other_machines_are_out_of_reach(contacts, attempt):
    with pytest.raises(RuntimeError, match="the tests contact nothing but this machine"):
        ATTEMPTS[attempt]()
    assert refused(contacts).count("\n") == 1


def test_a_true_download_is_refused(contacts, tmp_path, monkeypatch):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"this was to be raw\.githubusercontent\.com"):
        main(["zoo", "pull", "yunet"])
    assert refused(contacts) == "socket.getaddrinfo raw.githubusercontent.com\n"
    assert not zoo.is_installed("yunet")


def test_an_error_that_a_subprocess_swallows_is_noted(contacts):
    source = f"import socket\ntry: socket.create_connection(('{ELSEWHERE}', 80), 1)\nexcept Exception: print('swallowed')"
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    assert said == "swallowed\n"
    assert refused(contacts) == f"socket.getaddrinfo {ELSEWHERE}\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_is_in_reach(host):
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    try:
        listening = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listening, socket.create_connection(listening.getsockname()[:2], 5):
        pass


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets that are files")
def test_sockets_that_are_files_are_in_reach(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # their paths must be short
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as other:
        listening.bind("here")
        listening.listen()
        other.connect("here")
