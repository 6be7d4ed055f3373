"""Decoders of native code run apart: what they print is not seen, what they do to their process harms no other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facetex_core import ConfigError, PhotoError, warn
from facetex_core.io import decoder_process
from facetex_core.io.decoder_process import decode_apart
from facetex_core.io.photo_file import load_photo

THREADS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from facetex_core.io.photo_file import load_photo
before = os.fstat(2), len(os.listdir("/proc/self/fd"))
photos = [Path(name) for name in sys.argv[1:]]
with ThreadPoolExecutor(4) as threads:
    for photo in threads.map(load_photo, photos * 3):
        assert photo.size == (64, 48)
assert (os.fstat(2), len(os.listdir("/proc/self/fd"))) == before
print("this line must be seen", file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count what is open")
def test_photos_read_in_many_threads_leave_stderr_as_it_was(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65535, (48, 64)).astype(np.uint16)
    photos = [tmp_path / name for name in ("deep.png", "deep.tif", "flat.png", "flat.jpg")]
    for photo in photos:
        Image.fromarray(pixels if photo.stem == "deep" else pixels.astype(np.uint8)).save(photo)
    ended = subprocess.run([sys.executable, "-c", THREADS, *map(str, photos)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "this line must be seen\n")


def crashing(path: Path) -> np.ndarray:
    os.kill(os.getpid(), signal.SIGSEGV)
    return np.zeros(1)


def sleeping(path: Path) -> np.ndarray:
    time.sleep(60)
    return np.zeros(1)


def greedy(path: Path) -> np.ndarray:
    return np.zeros(decoder_process.MEMORY, np.uint8)


def verbose(path: Path) -> np.ndarray:
    raise RuntimeError("first\nlast")


def shouting(path: Path) -> np.ndarray:
    os.write(2, b"libpng error: IDAT: CRC error\n")
    warn("two frames")
    return np.arange(3, dtype=np.uint16)


def refusing(path: Path) -> np.ndarray:
    raise ConfigError(f"{path.name}: no")


@pytest.fixture
def importable(monkeypatch):
    """This module can be imported by the child."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


def test_what_a_decoder_prints_is_not_seen_and_what_it_warns_of_is(importable, capfd, said):
    found = decode_apart(shouting, Path("a.tif"), PhotoError)
    np.testing.assert_array_equal(found, np.arange(3, dtype=np.uint16), strict=True)
    assert said == ["two frames"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("decode", "error", "words"),
    [
        (crashing, PhotoError, r"a\.tif: cannot be decoded \(the decoder crashed: Segmentation fault\)"),
        (sleeping, PhotoError, r"a\.tif: cannot be decoded \(not done after 3 s\)"),
        (greedy, PhotoError, r"a\.tif: cannot be decoded \(.*MemoryError: Unable to allocate"),
        (verbose, PhotoError, r"^a\.tif: cannot be decoded \(last\)$"),
        (refusing, ConfigError, r"^a\.tif: no$"),
    ],
)
def test_whatever_becomes_of_a_decoder_is_one_line(importable, monkeypatch, decode, error, words):
    if decode is sleeping:
        monkeypatch.setattr(decoder_process, "SECONDS", 3)
    with pytest.raises(error, match=words) as caught:
        decode_apart(decode, Path("a.tif"), PhotoError)
    assert "\n" not in str(caught.value)


def test_a_plain_photo_starts_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder_process, "_run", None)
    for suffix in ("jpg", "png", "webp", "bmp", "gif", "avif", "ppm"):
        path = tmp_path / f"plain.{suffix}"
        Image.new("RGB", (40, 40), (188, 0, 255)).save(path)
        assert load_photo(path).size == (40, 40)
