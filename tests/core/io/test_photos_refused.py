"""Files that are no photos, or hardly: each is refused in one line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facetex_core.errors import PhotoError
from facetex_core.io import photo_file
from facetex_core.io.photo_file import load_photo


@pytest.fixture
def picture() -> Image.Image:
    """64 x 48 of gradients."""
    y, x = np.mgrid[0:48, 0:64]
    return Image.fromarray(np.stack([x * 4, y * 5, (x + y) * 2], -1).astype(np.uint8))


def save(image: Image.Image, path: Path) -> Path:
    image.save(path)
    return path


def bomb(side: int) -> bytes:
    """A PNG that declares side x side pixels in a few bytes."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG")
    return file.getvalue()


BAD = {
    "empty": (lambda _: b"", "the file is empty"),
    "text": (lambda _: b"this is no photo\n" * 9, "is no picture that can be read"),
    "truncated": (lambda p: jpeg(p)[: len(jpeg(p)) // 2], "damaged or cut short"),
    "head_only": (lambda p: jpeg(p)[:30], "damaged or cut short|no picture"),
    "bomb": (lambda _: bomb(30_000), "declares far more than 100 million pixels"),
    "small_bomb": (lambda _: bomb(10_500), "declares 10500 x 10500 pixels"),
    "dot": (lambda _: png(Image.new("RGB", (1, 1))), "is 1 x 1 pixels; at least 32 x 32"),
    "strip": (lambda _: png(Image.new("RGB", (300, 31))), "is 300 x 31 pixels"),
    "float": (lambda _: tiff(Image.new("F", (40, 40))), "save it as 8-bit RGB"),
    "postscript": (lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "is no picture"),
}


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def tiff(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_photo_is_refused_in_one_line(picture, tmp_path, kind):
    make, words = BAD[kind]
    path = tmp_path / f"{kind}.jpg"
    path.write_bytes(make(picture))
    with pytest.raises(PhotoError, match=words) as caught:
        load_photo(path)
    assert "\n" not in str(caught.value)
    assert f"{kind}.jpg" in str(caught.value)


def test_the_largest_photo_is_opened_and_a_larger_one_is_not(picture, tmp_path, monkeypatch):
    path = save(picture, tmp_path / "me.png")
    width, height = load_photo(path).size
    monkeypatch.setattr(photo_file, "MOST_PIXELS", width * height)
    assert load_photo(path).size == (width, height)
    monkeypatch.setattr(photo_file, "MOST_PIXELS", width * height - 1)
    with pytest.raises(PhotoError, match=f"declares {width} x {height} pixels"):
        load_photo(path)


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tiff", "bmp", "jpg", "avif"])
def test_a_file_cut_short_is_refused_in_every_format(picture, tmp_path, suffix):
    path = save(picture, tmp_path / f"cut.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(PhotoError, match=rf"cut\.{suffix}: "):
        load_photo(path)


def test_noise_in_a_file_never_ends_in_a_traceback(picture, tmp_path, said):
    rng = np.random.default_rng(0)
    for suffix in ("png", "webp", "gif", "tiff", "bmp", "jpg"):
        whole = save(picture, tmp_path / f"noise.{suffix}").read_bytes()
        for _ in range(60):
            bytes_ = bytearray(whole)
            for place in rng.integers(0, min(len(whole), 400), 4):
                bytes_[place] = rng.integers(256)
            path = tmp_path / f"noise.{suffix}"
            path.write_bytes(bytes_)
            try:
                load_photo(path)
            except PhotoError as error:
                assert "\n" not in str(error)  # noqa: PT017


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(PhotoError, match="is a folder; give the photos in it"):
        load_photo(tmp_path)
    with pytest.raises(PhotoError, match=r"nobody\.jpg: no such file"):
        load_photo(tmp_path / "nobody.jpg")


def test_heic_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(PhotoError, match="pip install pillow-heif"):
        load_photo(path)
