"""Merger `example`: every texel from the photo that sees it straightest on."""

from collections.abc import Sequence

import numpy as np
from facetex_core import DelitView, Merged, Texture


class Example:
    """The first photo, which shows most, must be `start` times worse before another one takes over."""

    def __init__(self, start: float = 2.0) -> None:
        self.start = start

    def merge(self, views: Sequence[DelitView]) -> Merged:
        """A hard choice at every texel; a single photo stays as it is."""
        seen = np.stack([view.albedo.visibility for view in views])
        better = seen * np.array([self.start] + [1.0] * (len(views) - 1))[:, None, None]
        best = np.argmax(better, axis=0)
        shares = (best[None] == np.arange(len(views))[:, None, None]) & (seen > 0)
        rgb = sum(share[..., None] * view.albedo.rgb for share, view in zip(shares, views, strict=True))
        visibility = np.take_along_axis(seen, best[None], 0)[0]
        return Merged(Texture(np.asarray(rgb, np.float32), visibility), shares.astype(np.float32))
