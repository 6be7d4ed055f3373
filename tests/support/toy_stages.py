"""A plugin for every stage that needs no network: a bulging sheet of skin stands for the head."""

# ruff: noqa: ARG002  # a toy looks at less than a stage is given

import errno
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32

from facetex_core import (
    Appearance,
    Bank,
    Camera,
    DelitView,
    Descriptor,
    Detail,
    Face,
    Fit,
    Head,
    Lighting,
    LitView,
    Merged,
    Observation,
    OwnDescriptors,
    Photo,
    Pipeline,
    Segmentation,
    Target,
    Texture,
    View,
    hookimpl,
)
from facetex_core.descriptors.bank import FEW, whole_skin
from facetex_core.descriptors.bank_file import load_bank, save_bank
from facetex_core.descriptors.correlations import mix
from facetex_core.geometry.camera import orbit_camera
from facetex_core.progress import report_progress
from facetex_core.stages import CHAINED
from facetex_core.testing.samples import sheet

api_version = 2

WHITE = Lighting(np.outer(np.eye(9, dtype=np.float32)[0], np.ones(3, np.float32)))


def write_toy_bank(path: Path) -> Path:
    """One layer, one cell, and exemplars between two extremes: as many as a bank needs not to be called small."""
    matrices = np.stack([np.eye(3), np.ones((3, 3))]).astype(np.float32)
    share = np.linspace(0, 1, FEW, dtype=np.float32)
    cells = np.stack([share, 1 - share], 1)[:, None]
    names = tuple(f"toy {number}" for number in range(FEW))
    save_bank(Bank("toy", 256, {"colour": cells}, {"colour": matrices}, {"colour": np.ones((FEW, 1), np.float32)}, names), path)
    return path


def _mark(seconds: float) -> None:
    """Tells whoever waits for it that something slow begins."""
    if seconds and "FACETEX_TOY_MARK" in os.environ:
        Path(os.environ["FACETEX_TOY_MARK"]).touch()


class ToyDetector:
    """Finds as many faces as it is told to, each smaller than the one before; none in what is called a landscape."""

    def __init__(self, faces: int = 1, share: float = 0.8) -> None:
        self.faces, self.share = faces, share

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        if "bug" in photo.name:
            raise ZeroDivisionError("a bug of the toy")
        if "landscape" in photo.name:
            return ()
        width, height = photo.size
        sides = [min(width, height) * self.share / (number + 1) for number in range(self.faces)]
        return tuple(self._face(np.array([0, 0, side, side], np.float32)) for side in sides)

    def _face(self, box: Float32[np.ndarray, "4"]) -> Face:
        landmarks = np.tile(box[2:] / 2, (68, 1)).astype(np.float32)
        return Face(box, landmarks, np.zeros((0, 2), np.float32), 1.0)


class ToyRestorer:
    """Nothing was wrong with the photo."""

    def restore(self, photo: Photo, face: Face) -> Photo:
        return photo


class ToySegmenter:
    """All is skin."""

    def segment(self, photo: Photo, face: Face) -> Segmentation:
        return Segmentation({"skin": np.ones(photo.rgb.shape[:2], np.float32)})


class ToyFitter:
    """The sheet, seen from `yaw` degrees, or as far round as no photo may be where the photo is called a profile.

    The identity tells how many photos were fitted together.
    """

    def __init__(self, yaw: float = 0.0) -> None:
        self.yaw = yaw

    def fit(self, observations: Sequence[Observation]) -> tuple[Fit, ...]:
        return tuple(self._fit(each.photo, len(observations)) for each in observations)

    def _fit(self, photo: Photo, together: int) -> Fit:
        yaw = 80.0 if "profile" in photo.name else self.yaw
        camera = orbit_camera(np.zeros(3, np.float32), yaw=yaw, distance=1.0, width_seen=0.25, size=photo.size)
        zero = np.zeros(1, np.float32)
        return Fit(sheet(), zero, zero, camera, {"photos": float(together)})


class ToyCleaner:
    """Nothing lies on the skin."""

    def clean(self, view: View) -> Texture:
        return view.lit


class ToyLight:
    """White light from everywhere, on grey skin."""

    def estimate(self, view: View) -> Appearance:
        return Appearance(WHITE, np.full((4, 4, 3), 0.4, np.float32))


class ToyDelighter:
    """All light was white."""

    def delight(self, view: LitView) -> Texture:
        return view.lit


class ToyMerger:
    """The first view and no other."""

    def merge(self, views: Sequence[DelitView]) -> Merged:
        shares = np.zeros((len(views), *views[0].albedo.visibility.shape), np.float32)
        shares[0] = views[0].albedo.visibility > 0
        return Merged(views[0].albedo, shares)


class ToyDescriptor:
    """Correlations of the three colours."""

    def describe(
        self, texture: Texture, windows: Float32[np.ndarray, "windows size size"] | None = None
    ) -> tuple[Descriptor, ...]:
        masks = texture.visibility[None] if windows is None else windows * texture.visibility
        return tuple(self._describe(texture.rgb, mask) for mask in masks)

    def _describe(self, rgb: np.ndarray, mask: np.ndarray) -> Descriptor:
        support = float(mask.sum())
        gram = np.einsum("yx,yxi,yxj->ij", mask, rgb, rgb) / max(support, 1.0)
        return Descriptor("toy", {"colour": gram.astype(np.float32)}, {"colour": support})


class ToyBlend:
    """Every exemplar counts alike."""

    def solve(self, observed: Descriptor, exemplars: Sequence[Descriptor]) -> Float32[np.ndarray, " exemplars"]:
        return np.full(len(exemplars), 1 / len(exemplars), np.float32)


class ToyPredictor:
    """The blend of the bank's faces."""

    def predict(self, bank: Bank, weights: Float32[np.ndarray, " exemplars"], own: OwnDescriptors) -> Descriptor:
        return mix(whole_skin(bank), weights)


class ToySynthesizer:
    """Fills what is hidden with the mean colour and a little noise, in a way that can be told by options."""

    def __init__(self, noise: float = 0.01, kind: Literal["normal", "none"] = "normal", seconds: float = 0.0) -> None:
        self.noise = noise if kind == "normal" else 0.0
        self.seconds = seconds

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:
        albedo = view.albedo
        _mark(self.seconds)
        for step in range(10):
            time.sleep(self.seconds / 10)
            report_progress(step + 1, 10)
        hidden = albedo.visibility == 0
        mean = albedo.rgb[~hidden].mean(0) + self.noise * rng.standard_normal((*hidden.shape, 1))
        rgb = np.where(hidden[..., None], np.clip(mean, 0, 1), albedo.rgb).astype(np.float32)
        return Texture(rgb, albedo.visibility)


class ToyPainter:
    """A sheet has no eyes."""

    def paint(self, view: DelitView) -> Texture:
        return view.albedo


class ToyDetailer:
    """Smooth skin."""

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:
        flat = np.zeros((albedo.size, albedo.size), np.float32)
        return Detail(flat, np.dstack([flat, flat, flat + 1]))


class ToyRenderer:
    """A plain ground without a head."""

    def render(self, head: Head, camera: Camera, lighting: Lighting) -> Photo:
        return Photo(np.full((camera.size[1], camera.size[0], 3), 0.5, np.float32), head.name)


class ToyExporter:
    """One file, slowly or on a full disk if told so."""

    def __init__(self, seconds: float = 0.0, full: bool = False) -> None:
        self.seconds, self.full = seconds, full

    def export(self, head: Head, folder: Path) -> tuple[Path, ...]:
        path = folder / "toy.txt"
        path.write_text("half", "utf-8")
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        _mark(self.seconds)
        time.sleep(self.seconds)
        path.write_text("whole", "utf-8")
        return (path,)


TOYS: dict[str, type] = {
    "detector": ToyDetector,
    "restorer": ToyRestorer,
    "segmenter": ToySegmenter,
    "fitter": ToyFitter,
    "cleaner": ToyCleaner,
    "light_estimator": ToyLight,
    "delighter": ToyDelighter,
    "merger": ToyMerger,
    "descriptor_extractor": ToyDescriptor,
    "blend_solver": ToyBlend,
    "hidden_predictor": ToyPredictor,
    "synthesizer": ToySynthesizer,
    "painter": ToyPainter,
    "detailer": ToyDetailer,
    "renderer": ToyRenderer,
    "exporter": ToyExporter,
}


def _offering(toy: type) -> Callable[[], dict[str, type]]:
    @hookimpl
    def offers() -> dict[str, type]:
        return {"toy": toy}

    return offers


globals().update({f"{role}s": _offering(toy) for role, toy in TOYS.items()})


def toy_pipeline(folder: Path, size: int = 128, **others: object) -> Pipeline:
    """Toys for every stage but the others, over a bank that is written into the folder."""
    roles = [role for role in TOYS if role not in ("renderer", "exporter")]
    made = {role: (TOYS[role](),) if role in CHAINED else TOYS[role]() for role in roles}
    return Pipeline(**{**made, **others}, bank=load_bank(write_toy_bank(folder / "toy.bank")), size=size)
