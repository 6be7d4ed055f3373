"""What every renderer promises."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32

from facetex_core.geometry.camera import orbit_camera
from facetex_core.lighting.harmonics import ambient
from facetex_core.structures import Camera, Head, Lighting
from facetex_core.testing.contract import Contract, demand
from facetex_core.testing.samples import SIZE, head_of, skin
from facetex_core.values import locked

FRONT = locked(orbit_camera(np.zeros(3, np.float32), yaw=0.0, distance=1.0, width_seen=0.3, size=(96, 80)))
"""Wider than high, so that nobody mistakes one for the other."""
MOVE = (7, -5)
PLAIN = 0.05
"""By which corners of a plain ground may differ, and by which light or the head may change it."""


class RendererContract(Contract):
    """The head as the camera sees it, brighter with more light; the background is plain and constant."""

    role = "renderer"

    def given(self) -> tuple[Head, Camera, Lighting]:
        """Skin in even light, seen from the front."""
        return head_of(skin()), FRONT, ambient(0.9)

    def test_the_head_is_seen_before_the_ground(self) -> None:
        """In the middle, and nowhere in the corners."""
        share, corners = float(self._covered.mean()), self._covered[[0, 0, -1, -1], [0, -1, 0, -1]]
        told = f"render(): a white head in place of a black one changes {share:.0%} of the picture"
        demand(0.2 < share < 0.95 and not corners.any(), f"{told}; 60% was expected: project by camera, in metres")

    def test_the_ground_is_plain(self) -> None:
        """The same in all corners, whatever the light."""
        corners = self.result.rgb[[0, 0, -1, -1], [0, -1, 0, -1]]
        found = float(np.ptp(corners, axis=0).max())
        demand(found <= PLAIN, f"render(): corners differ by {found:.2f}; at most {PLAIN}: a plain ground, no scenery")
        dark = self._render(skin(), ambient(0.2))
        off = float(np.abs(dark - self.result.rgb)[[0, 0, -1, -1], [0, -1, 0, -1]].max())
        demand(off <= PLAIN, f"render(): less light changes the corners by {off:.2f}: the light falls on the head only")

    def test_more_light_makes_a_brighter_picture(self) -> None:
        """Everywhere on the head."""
        dim, bright = (self._render(skin(), ambient(level))[self._covered] for level in (0.3, 0.9))
        share = float((bright.mean(-1) > dim.mean(-1)).mean())
        told = f"render(): three times the light brightens {share:.0%} of the head"
        demand(share > 0.97, f"{told}; all was expected: multiply the albedo by harmonics.shade(lighting, normals)")

    def test_left_and_up_are_where_the_subject_has_them(self) -> None:
        """A front view shows its left side on the right, its upper half above."""
        across, down = np.meshgrid(np.arange(SIZE) >= SIZE // 2, np.arange(SIZE) < SIZE // 2)
        for name, half, axis, sign in (("left side", across, 1, 1), ("upper half", down, 0, -1)):
            painted = self._render(np.where(half[..., None], [0.8, 0.8, 0.8], [0.05, 0.05, 0.05]), ambient())
            bright = self._covered & (painted.mean(-1) > 0.3)
            where = (
                float(np.argwhere(bright)[:, axis].mean() - np.argwhere(self._covered)[:, axis].mean()) if bright.any() else 0.0
            )
            told = f"render(): what is white on the head's {name} is seen {where:+.0f} pixels from its middle along axis {axis}"
            demand(sign * where > 4, f"{told}: x to the subject's left, y up; row 0 is on top; v grows downwards")

    def test_a_moved_camera_moves_the_head(self) -> None:
        """Its principal point by whole pixels, the head by as many."""
        right, down = MOVE
        intrinsics = FRONT.intrinsics + np.array([[0, 0, right], [0, 0, down], [0, 0, 0]], np.float32)
        there = self._seen(locked(replace(FRONT, intrinsics=intrinsics)))
        off = float((np.roll(self._covered, (down, right), (0, 1)) != there).mean())
        told = f"render(): the principal point moved by {MOVE} pixels (x, y), but {off:.0%} of the head's outline did not"
        demand(off < 0.02, f"{told}: take the principal point from camera.intrinsics, y down")

    @cached_property
    def _covered(self) -> Bool[np.ndarray, "height width"]:
        return self._seen(FRONT)

    def _seen(self, camera: Camera) -> Bool[np.ndarray, "height width"]:
        """Pixels that a white head changes when it takes the place of a black one."""
        black, white = (self._render(np.full((SIZE, SIZE, 3), value), ambient(), camera) for value in (0.0, 1.0))
        return np.asarray(np.abs(white - black).mean(-1) > 0.3)

    def _render(
        self, albedo: Float[np.ndarray, "size size 3"], lighting: Lighting, camera: Camera = FRONT
    ) -> Float32[np.ndarray, "height width 3"]:
        picture: Float32[np.ndarray, "height width 3"] = self.plugin.render(head_of(albedo), camera, lighting).rgb
        return picture
