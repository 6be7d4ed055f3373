"""Where the hair of a head grows: the scalp above a line from the sideburn round the ear to the nape."""

import numpy as np

from training.common.data import save_arrays
from training.common.steps import Run
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.new_parts import with_region
from training.face_basis.source import Arrays

LINE = np.array(
    [(-0.12, -0.050), (-0.055, -0.046), (-0.030, -0.030), (-0.012, -0.010), (0.004, 0.000), (0.022, 0.004), (0.1, 0.008)]
)
"""z and y in metres of the mean head: nape, behind the ear, sideburn. Set by eye."""
EAR, EAR_REACH = np.array([0.010, -0.003]), np.array([0.034, 0.020])
"""y and z of an ear seen from the side, and half its height and depth: its inside is no scalp."""
SOFT_LINE = 0.008
"""Metres over which the weight falls."""


def with_hairline(arrays: Arrays) -> Arrays:
    """The basis with the region `hair`."""
    mean, names = arrays["mean"].astype(float), arrays["region_names"].tolist()
    scalp, ears = (arrays["regions"][names.index(name)] / 255 for name in ("scalp", "ears"))
    above = np.clip((mean[:, 1] - np.interp(mean[:, 2], *LINE.T)) / SOFT_LINE + 0.5, 0, 1)
    beside = np.linalg.norm((mean[:, 1:] - EAR) / EAR_REACH, axis=1) > 1
    return with_region(arrays, "hair", scalp * (1 - ears) * above * beside)


def hairline(run: Run[Settings]) -> None:
    """Writes face_basis.npz anew, with the region."""
    save_arrays(run.work / FILE, with_hairline(read_arrays(run.made_or_shipped(FILE))), compressed=True)
