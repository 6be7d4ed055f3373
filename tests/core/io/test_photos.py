"""Photos as they come: every way a file can store a picture, and every way it can fail to."""

import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms, ImageOps

from facetex_core.imaging.colour import decode_srgb, encode_srgb
from facetex_core.io.photo_file import GROUND, load_photo

HALF_STEP = 0.5 / 255
"""Of 8-bit coding: what a rounding may move a coded value by."""


@pytest.fixture
def picture() -> Image.Image:
    """64 x 48, every corner different, so that no turn or mirror looks like another."""
    y, x = np.mgrid[0:48, 0:64]
    return Image.fromarray(np.stack([x * 4, y * 5, (x + y) * 2], -1).astype(np.uint8))


def coded(path: Path) -> np.ndarray:
    return encode_srgb(load_photo(path).rgb)


def save(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "gif", "ppm", "jpg", "avif"])
def test_reads_what_photos_come_in(picture, tmp_path, suffix):
    lossless = {"webp": {"lossless": True}, "jpg": {"quality": 100, "subsampling": 0}}.get(suffix, {})
    found = coded(save(picture, tmp_path / f"me.{suffix}", **lossless))
    close = {"gif": 0.12, "jpg": 0.02, "avif": 0.06}.get(suffix, HALF_STEP)  # a palette, a cosine transform, and another
    assert_allclose(found, np.asarray(picture) / 255, atol=close)


def test_pixels_are_linear_light(tmp_path):
    path = save(Image.new("RGB", (40, 40), (188, 0, 255)), tmp_path / "flat.png")
    assert_allclose(load_photo(path).rgb[0, 0], [0.5029, 0, 1], atol=1e-4)  # 188/255 by IEC 61966-2-1


def test_the_name_is_the_files_own(picture, tmp_path):
    assert load_photo(save(picture, tmp_path / "me.png")).name == "me.png"


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}
"""What undoes each of Exif's orientations (CIPA DC-008, tag 274)."""


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_every_orientation_is_undone(picture, tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(suffix, {})
    path = save(picture, tmp_path / f"turned.{suffix}", exif=exif, **options)
    expected = UPRIGHT[orientation](np.asarray(picture)) / 255
    assert_allclose(coded(path), expected, atol=0.02 if suffix == "jpg" else HALF_STEP)  # the cosine transform's loss


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_every_orientation_is_undone_in_sixteen_bits(tmp_path, orientation, suffix):
    pixels = (np.arange(48 * 64, dtype=np.uint16) * 21).reshape(48, 64)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = load_photo(save(Image.fromarray(pixels), tmp_path / f"deep.{suffix}", exif=exif)).rgb[..., 0]
    assert_allclose(found, decode_srgb(UPRIGHT[orientation](pixels) / 65535), atol=1e-6)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_is_upright(picture, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_allclose(coded(save(picture, tmp_path / "odd.png", exif=exif)), np.asarray(picture) / 255, atol=HALF_STEP)


def swapped_primaries() -> bytes:
    """A profile whose red is sRGB's blue: what it does cannot be missed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    for entry in range(132, 132 + 12 * count, 12):
        name = bytes(profile[entry : entry + 4])
        profile[entry : entry + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile)


def test_the_profile_says_what_the_numbers_mean(picture, tmp_path):
    found = coded(save(picture, tmp_path / "swapped.png", icc_profile=swapped_primaries()))
    assert_allclose(found, np.asarray(picture)[..., ::-1] / 255, atol=2 / 255)  # lcms rounds twice


def test_a_damaged_profile_counts_as_none(picture, tmp_path):
    found = coded(save(picture, tmp_path / "odd.png", icc_profile=b"no profile at all"))
    assert_allclose(found, np.asarray(picture) / 255, atol=HALF_STEP)


def deep_ramp() -> np.ndarray:
    """40 x 256 values of 16 bits, all within 2 steps of 8 bits."""
    ramp = np.linspace(20000, 20512, 256).astype(np.uint16)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (40, 256, 3)))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_stay_sixteen(tmp_path, suffix, channels):
    ramp = deep_ramp()
    opaque = np.full((*ramp.shape[:2], 1), 65535, np.uint16)
    pixels = {1: ramp[..., 0], 3: ramp, 4: np.concatenate([ramp, opaque], -1)}[channels]
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), pixels)
    assert_allclose(load_photo(path).rgb, decode_srgb(ramp / 65535), atol=1e-6)


def test_sixteen_bits_stay_sixteen_through_a_profile(tmp_path):
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), deep_ramp())
    path.write_bytes(with_profile(path.read_bytes(), swapped_primaries()))
    row = load_photo(path).rgb[0, :, 0]
    assert len(np.unique(row)) > 200  # 8 bits would leave 3 values
    assert_allclose(encode_srgb(row), deep_ramp()[0, :, 0] / 65535, atol=2 / 255)  # the grid is of 8 bits


def with_profile(png: bytes, profile: bytes) -> bytes:
    """The PNG with a profile put after its header (Portable Network Graphics, 11.3.2.3)."""
    body = b"iCCP" + b"swapped\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def test_grey_is_three_equal_channels(picture, tmp_path):
    grey = picture.convert("L")
    found = coded(save(grey, tmp_path / "grey.jpg", quality=100))
    assert_array_equal(found[..., 0], found[..., 2])
    assert_allclose(found[..., 0], np.asarray(grey) / 255, atol=2 / 255)


def test_transparent_parts_lie_on_mid_grey(tmp_path):
    image = Image.new("RGBA", (64, 48), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 32, 48))
    found = load_photo(save(image, tmp_path / "cut.png")).rgb
    assert_allclose(found[10, 10], [1, 0, 0], atol=1e-6)
    assert_allclose(found[10, 50], [GROUND] * 3, atol=1e-6)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_mode_becomes_rgb(picture, tmp_path, mode):
    path = save(as_lab(picture) if mode == "LAB" else picture.convert(mode), tmp_path / "odd.tiff")
    assert load_photo(path).rgb.shape == (48, 64, 3)


def as_lab(picture: Image.Image) -> Image.Image:
    return ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")


def test_cmyk_keeps_its_colours(picture, tmp_path):
    ink = picture.convert("CMYK")
    for suffix, close in (("tiff", HALF_STEP), ("jpg", 0.03)):
        assert_allclose(coded(save(ink, tmp_path / f"ink.{suffix}")), np.asarray(picture) / 255, atol=close)


def test_a_palette_with_transparency_is_read(tmp_path):
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 20, 40))
    found = load_photo(save(image, tmp_path / "palette.png", transparency=0)).rgb
    assert_allclose(found[0, 0], [GROUND] * 3, atol=1e-6)
    assert_allclose(found[0, 30], [0, 0, 1], atol=1e-6)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_of_several_frames_the_first_is_taken_and_said(picture, tmp_path, suffix, said):
    others = [ImageOps.invert(picture)] * 2
    options = {"lossless": True} if suffix == "webp" else {}
    path = save(picture, tmp_path / f"moving.{suffix}", save_all=True, append_images=others, **options)
    found = coded(path)
    (line,) = said
    assert re.fullmatch(rf"moving\.{suffix}: [23] frames found; the first is taken", line)
    assert_allclose(found, np.asarray(picture) / 255, atol=0.12)  # a GIF has a palette


def test_the_second_picture_of_an_mpo_is_passed_over(picture, tmp_path):
    path = save(picture, tmp_path / "pair.mpo", save_all=True, append_images=[ImageOps.invert(picture)])
    assert load_photo(path).size == (64, 48)


def test_a_large_photo_is_reduced_to_4096(tmp_path):
    path = save(Image.new("RGB", (6000, 64), (188, 188, 188)), tmp_path / "wide.png")
    photo = load_photo(path)
    assert photo.size == (4096, 44)
    assert_allclose(photo.rgb, 0.5029, atol=1e-3)


def test_reduction_averages_light_not_code(tmp_path):
    stripes = np.zeros((64, 8192, 3), np.uint8)
    stripes[:, ::2] = 255
    photo = load_photo(save(Image.fromarray(stripes), tmp_path / "stripes.png"))
    assert_allclose(photo.rgb, 0.5, atol=1e-6)


def test_location_does_not_travel(picture, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    photo = load_photo(save(picture, tmp_path / "where.jpg", exif=exif))
    assert set(photo.__slots__) == {"rgb", "name", "focal"}
    assert (photo.name, photo.focal) == ("where.jpg", None)
