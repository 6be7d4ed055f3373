"""Synthesizer `example`: a smooth fill with the fine structure of visible skin."""

import numpy as np
from facetex_core import DelitView, Target, Texture
from facetex_core.imaging.push_pull import fill_smooth


class Example:
    """Hidden texels get what visible ones vary by round their surroundings of `sigma` texels, drawn at random."""

    def __init__(self, sigma: float = 2.0) -> None:
        self.sigma = sigma

    def synthesize(self, view: DelitView, target: Target, rng: np.random.Generator) -> Texture:
        """The whole texture: what was seen stays, and `visibility` still tells what that is."""
        import cv2  # heavy packages are imported where they are used

        albedo = view.albedo
        smooth = np.maximum(fill_smooth(albedo.rgb, albedo.visibility), 1e-3)
        ratio = smooth / np.maximum(cv2.GaussianBlur(smooth, (0, 0), self.sigma), 1e-3)
        seen = np.flatnonzero(albedo.visibility > 0.5)
        fine = ratio.reshape(-1, 3)[rng.choice(seen, albedo.visibility.size)].reshape(albedo.rgb.shape)
        share = albedo.visibility[..., None]
        rgb = share * smooth + (1 - share) * smooth * fine
        return Texture(np.clip(rgb, 0, 1).astype(np.float32), albedo.visibility)
