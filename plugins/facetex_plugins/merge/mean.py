"""Merger: the mean of all photos, texel by texel, the clearest counting most. Photos lie a few texels apart, so it is soft."""

from collections.abc import Sequence

import numpy as np

from facetex_core import DelitView, Merged, Texture, hookimpl
from facetex_core.texture.view_weight import view_weight
from facetex_plugins.merge.bands import DARKEST_MERGED, LEAST_WEIGHT

api_version = 2


@hookimpl
def mergers() -> dict[str, type]:
    """One."""
    return {"mean": MeanMerger}


class MeanMerger:
    """The mean of log albedos, weighted by how clearly each photo shows a texel: a baseline."""

    def merge(self, views: Sequence[DelitView]) -> Merged:
        """The albedo; its visibility is that of the photo that sees a texel best."""
        seen = np.stack([view.albedo.visibility > 0 for view in views])
        if len(views) == 1:
            return Merged(views[0].albedo, seen.astype(np.float32))
        clear = (np.stack([view_weight(view.albedo, view.fit) for view in views]) + LEAST_WEIGHT) * seen
        shares = np.asarray(clear / np.maximum(clear.sum(0), LEAST_WEIGHT), np.float32)
        logs = [np.log(np.maximum(view.albedo.rgb, DARKEST_MERGED)) for view in views]
        mean = sum(share[..., None] * log for share, log in zip(shares, logs, strict=True))
        visibility = np.max([view.albedo.visibility for view in views], axis=0)
        rgb = np.where(visibility[..., None] > 0, np.clip(np.exp(mean), 0, 1), 0)
        return Merged(Texture(rgb.astype(np.float32), visibility), shares)
