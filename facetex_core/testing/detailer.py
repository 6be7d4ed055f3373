"""What every detailer promises."""

from collections.abc import Sequence

import numpy as np

from facetex_core.structures import DelitView, Texture
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, TONE, delit_view, skin, whole

AGREE = 0.5
"""Correlation of normals and slopes: the sheet is curved, and normals may be those of a finer grid."""


class DetailerContract(Contract):
    """Flat skin has no relief, pores have relief within the limit, and unit normals match the relief."""

    role = "detailer"
    limit = 0.001
    """Metres that a displacement may reach: mesoscopic is below a millimetre."""

    def given(self) -> tuple[Sequence[DelitView], Texture]:
        """Rough skin on the sheet, in even light."""
        albedo = whole(np.clip(skin(pores=0.5), 0, 1))
        return (delit_view(albedo),), albedo

    def test_flat_skin_has_no_relief(self) -> None:
        """One colour all over, no displacement, and normals straight out."""
        flat = whole(np.broadcast_to(TONE, (SIZE, SIZE, 3)))
        found = self.plugin.add_detail((delit_view(flat),), flat)
        mend = "take away the mean of the surroundings first"
        demand_near(found.displacement, 0, "displacement of flat skin", mend, atol=1e-6)
        demand_near(found.normals, np.array([0, 0, 1]), "normals of flat skin", mend, atol=1e-3)

    def test_rough_skin_has_a_relief_in_metres(self) -> None:
        """Below a millimetre."""
        most = float(np.abs(self.result.displacement).max())
        demand(most > 0, "add_detail().displacement is 0 on rough skin: where the albedo changes, there is relief")
        unit = " (it looks like millimetres: multiply by 0.001)" if most <= 1000 * self.limit else ""
        told = f"add_detail().displacement reaches {most:.3g} m; at most {self.limit} m{unit}"
        demand(most <= self.limit, f"{told}: displacement is in metres along the normal")

    def test_normals_are_unit_vectors_out_of_the_skin(self) -> None:
        """In tangent space: z is out."""
        length = np.linalg.norm(self.result.normals, axis=-1)
        mend = "normals /= np.linalg.norm(normals, axis=-1, keepdims=True); they are no colours"
        demand_near(length, 1, "length of the normals", mend, atol=1e-4)
        least = float(self.result.normals[..., 2].min())
        demand(least > 0, f"add_detail().normals: z of {least:.3g}; over 0: z points out of the skin")

    def test_normals_fit_the_displacement(self) -> None:
        """They lean away from where it rises: x along u, y against v."""
        along_v, along_u = np.gradient(self.result.displacement)
        for axis, slope in (("x", -along_u), ("y", along_v)):
            found = float(np.corrcoef(self.result.normals[..., "xyz".index(axis)].ravel(), slope.ravel())[0, 1])
            told = f"normals' {axis} and the slope of the displacement agree by {found:.2f}; at least {AGREE}"
            mend = "normal ~ (-dh/du, +dh/dv, 1): x along u, y up in the texture, which is against v"
            demand(found >= AGREE, f"add_detail(): {told}: {mend}")
