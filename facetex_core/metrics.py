"""The columns of `facetex compare`: those that ship, and what a plugin has to say of one that it brings; and of a likeness."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float32

    from facetex_core.pipeline import Run
    from facetex_core.structures import Face, Photo

FaceEmbedding = Callable[["Photo", "Face"], "Float32[np.ndarray, 'numbers']"]
"""A face in a photo as a unit vector: those of one person lie close together. It measures likeness, and makes nothing."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the table of `facetex compare`."""

    title: str
    about: str
    digits: int
    better: int
    """-1: less is better; 1: more is; 0: neither."""
    measure: "Callable[[Run], float] | None" = None
    """The figure of a head; NaN where it has none. Of the metrics that ship none has this: they are measured together."""


METRICS = {
    "reprojection": Metric(
        "landmarks %",
        "mean distance of the model's inner landmarks from those found in the photo, in percent of the outer eye distance",
        2,
        -1,
    ),
    "photo_psnr": Metric(
        "photo dB",
        "the head rendered from the photo's camera in the fitted light, against the photo: PSNR over the skin of the face",
        1,
        1,
    ),
    "blend_distance": Metric(
        "blend",
        "correlations of the bank's blend under the photo's mask against those seen, |G - W| / |W|, mean over the layers",
        3,
        -1,
    ),
    "target_distance": Metric(
        "target", "correlations of the finished plain skin against the bank's blend of plain skin, by the same measure", 3, -1
    ),
    "shading_left": Metric(
        "shading %",
        "light left in the albedo: root mean square of what is odd between left and right in its smoothed log luminance",
        1,
        -1,
    ),
    "tone": Metric("tone", "CIEDE2000 between the mean colour of plain skin and that of the first variant", 1, 0),
    "seam": Metric(
        "seam",
        "energy of the albedo's gradient across the border of what the photo shows, by its energy elsewhere on plain skin",
        2,
        -1,
    ),
    "albedo_psnr": Metric("albedo dB", "against the true albedo, over the face: PSNR of sRGB-coded values", 1, 1),
    "albedo_ssim": Metric("SSIM", "against the true albedo (Wang et al. 2004), mean over the face", 3, 1),
    "perceptual": Metric(
        "perceptual", "relative distance of the features of our own network from those of the true albedo, conv3_1", 3, -1
    ),
    "surface_mm": Metric("surface mm", "median distance of the true face from the fitted surface, after alignment", 2, -1),
    "normals_deg": Metric("normals deg", "median angle between the true face's normals and the nearest fitted ones", 1, -1),
    "seconds": Metric("seconds", "of all stages of this head and its three renders, when they were really run", 1, -1),
    "memory_mb": Metric("memory MB", "most that the process grew in one of these steps", 0, -1),
}
"""In the order of the table. What there is no truth for is not measured."""
