"""The one way in for photos: upright, in sRGB's primaries, linear, float32; metadata stay outside."""

import struct
import zlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from facetex_core.errors import PhotoError
from facetex_core.imaging.colour import decode_srgb
from facetex_core.io.decoder_process import decode_apart
from facetex_core.io.focal_length import exif_focal, focal_pixels
from facetex_core.listeners import warn
from facetex_core.structures import Photo

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 100_000_000
"""Declared width x height above which nothing is decoded; the largest cameras of today make 100 million."""
SMALLEST_SIDE = 32
"""Pixels; below, there is no room for a face."""
LONGEST_SIDE = 4096
"""Pixels; a face that fills such a photo shows more than a map of 4096 texels holds."""
GROUND = decode_srgb(np.array([0.5]))[0]
"""What lies behind transparent pixels: the middle of the coded range, linear."""

# Pillow can read more, some of it through other programs (EPS runs Ghostscript): these are what photos come in.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "HEIF")
_MOVING = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
"""Formats whose further frames are other pictures; those of an MPO are previews or a second eye."""
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise at damaged files."""
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def example_photo() -> Photo:
    """Eileen Collins, astronaut (NASA, public domain): a picture that scikit-image ships."""
    from skimage.data import astronaut

    return Photo(decode_srgb(astronaut() / np.float32(255)), "astronaut.png")


def load_photo(path: Path) -> Photo:
    """The photo of a file; a PhotoError says in one line why a file cannot be used.

    Of several frames the first is taken, with a warning. Transparent parts lie on mid-grey.
    Photos over 4096 pixels on the long side are reduced to that by area averages of linear light.
    Of the metadata only the focal length is kept; that of TIFF and of PNG of 16 bits is not read.
    """
    path = Path(path)
    _refuse_no_file(path)
    rgb, millimetres = (decode_apart(_pixels, path, PhotoError), None) if _is_loud(path) else _decoded(path)
    return Photo(rgb, _text(path.name), focal_pixels(millimetres, rgb.shape[1::-1]) if millimetres else None)


def _text(name: str) -> str:
    """Names may be any bytes, reports are text."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _is_loud(path: Path) -> bool:
    """Whether a decoder may print about it: libtiff does, and OpenCV, which takes PNG of 16 bits."""
    with path.open("rb") as file:
        head = file.read(25)
    return head[:2] in (b"II", b"MM") or _is_deep_png(head)


def _is_deep_png(head: bytes) -> bool:
    return head.startswith(b"\x89PNG") and head[24:] == b"\x10"  # IHDR's bit depth: Portable Network Graphics, 11.2.1


def _pixels(path: Path) -> Float32[np.ndarray, "rows columns 3"]:
    return _decoded(path)[0]


def _decoded(path: Path) -> tuple[Float32[np.ndarray, "rows columns 3"], float | None]:
    """The picture as it is used, and its focal length for 35 mm film."""
    try:
        linear, frames, millimetres = _read(path)
    except _DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PhotoError(f"{path.name}: the file is damaged or cut short ({reason})") from None
    if frames > 1:
        warn(f"{_text(path.name)}: {frames} frames found; the first is taken")
    return _reduced(linear), millimetres


def _refuse_no_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise PhotoError(f"{path.name}: is a folder; give the photos in it, such as {path.name}/*.jpg")
        if not path.exists():
            raise PhotoError(f"{path}: no such file")
        if not path.is_file():
            raise PhotoError(f"{path}: is no regular file")
        if not path.stat().st_size:
            raise PhotoError(f"{path.name}: the file is empty")
        with path.open("rb"):
            pass
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read ({error.strerror})") from None


def _read(path: Path) -> tuple[Float32[np.ndarray, "height width 3"], int, float | None]:
    """The whole picture, upright and linear, how many frames the file has, and the focal length that it tells."""
    with _opened(path) as image:
        _refuse_size(path.name, *image.size)
        frames = getattr(image, "n_frames", 1) if image.format in _MOVING else 1
        deep = _deep_pixels(path, image)
        if deep is None and image.mode[0] in "IF":
            raise PhotoError(f"{path.name}: pixels of {image.format} mode {image.mode} cannot be used; save it as 8-bit RGB")
        image.load()
        profile = image.info.get("icc_profile")
        colour, alpha = _shallow(image, profile) if deep is None else _deep(deep, profile)
        linear = colour if alpha is None else colour * alpha + GROUND * (1 - alpha)
        return _upright(linear, _orientation(image)), frames, _focal(image)


def _opened(path: Path) -> "Image":
    from PIL import Image, UnidentifiedImageError

    _register_heif(path)
    Image.init()
    try:
        return Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])
    except Image.DecompressionBombError:
        raise PhotoError(f"{path.name}: declares far more than {MOST_PIXELS // 10**6} million pixels") from None
    except UnidentifiedImageError:
        raise PhotoError(f"{path.name}: is no picture that can be read (JPEG, PNG, WebP, TIFF, ...)") from None


def _register_heif(path: Path) -> None:
    """HEIC needs a library under patents; it is used where the user has installed it."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIF_BRANDS:
        return
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        raise PhotoError(f"{path.name}: HEIC needs one more package: pip install pillow-heif (or save it as JPEG)") from None


def _refuse_size(name: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PhotoError(f"{name}: declares {width} x {height} pixels; up to {MOST_PIXELS // 10**6} million are opened")
    if min(width, height) < SMALLEST_SIDE:
        raise PhotoError(f"{name}: is {width} x {height} pixels; at least {SMALLEST_SIDE} x {SMALLEST_SIDE} are needed")


Layers = tuple[Float32[np.ndarray, "height width 3"], Float32[np.ndarray, "height width 1"] | None]
"""Linear RGB, and alpha of one channel where there is any."""


def _shallow(image: "Image", profile: bytes | None) -> Layers:
    """Pixels of 8 bits a channel in whatever colours."""
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"), np.float32)[..., None] / 255
        image = image.convert("RGB")
    if image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    return _linear(np.asarray(_to_srgb(image, profile))), alpha


def _to_srgb(image: "Image", profile: bytes | None) -> "Image":
    """By the photo's ICC profile; a profile that cannot be used counts as none, as in every viewer."""
    from io import BytesIO

    from PIL import ImageCms

    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            intent = ImageCms.Intent.PERCEPTUAL
            changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), intent, "RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            changed = None
        if changed is not None:
            return changed
    return image.convert("RGB")


def _linear(pixels: UInt8[np.ndarray, "*shape"] | UInt16[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """By table: exact, and large photos need no copies in between."""
    most = np.iinfo(pixels.dtype).max
    return decode_srgb(np.arange(most + 1) / most)[pixels]


def _deep_pixels(path: Path, image: "Image") -> UInt16[np.ndarray, "height width channels"] | None:
    """Pixels of 16 bits a channel, which Pillow cuts to 8, as grey, grey and alpha, RGB or RGBA; none for other pictures."""
    if not _is_deep(path, image):
        return None
    import cv2

    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return None
    if pixels.ndim == 2:
        return pixels[..., None]
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def _is_deep(path: Path, image: "Image") -> bool:
    if image.format == "PNG":
        with path.open("rb") as file:
            return _is_deep_png(file.read(25))
    if image.format == "TIFF":
        return 16 in image.tag_v2.get(258, ())  # type: ignore[attr-defined]  # BitsPerSample
    return False


def _deep(pixels: UInt16[np.ndarray, "height width channels"], profile: bytes | None) -> Layers:
    channels = pixels.shape[2]
    alpha = pixels[..., 3:].astype(np.float32) / 65535 if channels == 4 else None
    colour = pixels[..., :3] if channels > 2 else pixels[..., [0, 0, 0]]
    if not profile or channels < 3:
        return _linear(colour), alpha
    return decode_srgb(_by_grid(colour, profile)), alpha


def _by_grid(colour: UInt16[np.ndarray, "height width 3"], profile: bytes) -> Float32[np.ndarray, "height width 3"]:
    """The profile applied to a grid of 52 values a channel, exact in 8 bits, and read off in between."""
    from PIL import Image
    from scipy.ndimage import map_coordinates

    nodes = np.arange(0, 256, 5, dtype=np.uint8)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), -1)
    flat = Image.fromarray(grid.reshape(len(nodes), -1, 3))
    table = np.asarray(_to_srgb(flat, profile), np.float32).reshape(grid.shape) / 255
    where = np.moveaxis(colour.astype(np.float32) * (len(nodes) - 1) / 65535, -1, 0)
    return np.stack([map_coordinates(table[..., channel], where, order=1) for channel in range(3)], -1)


def _orientation(image: "Image") -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except _DAMAGE:
        return 1


def _focal(image: "Image") -> float | None:
    try:
        return exif_focal(image)
    except _DAMAGE:
        return None


def _upright(pixels: Float32[np.ndarray, "rows columns 3"], orientation: int) -> Float32[np.ndarray, "height width 3"]:
    """Undoes Exif's orientation (CIPA DC-008, tag 274): 1 to 8, anything else counts as upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _reduced(linear: Float32[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "rows columns 3"]:
    import cv2

    height, width = linear.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return linear
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(linear, size, interpolation=cv2.INTER_AREA), np.float32)
