"""What every descriptor extractor promises."""

import numpy as np

from facetex_core.descriptors.bank import cells_of
from facetex_core.descriptors.correlations import merge
from facetex_core.structures import Descriptor, Texture
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, half_seen, skin, whole
from facetex_core.values import locked


class DescriptorExtractorContract(Contract):
    """Results are valid correlations and do not depend on hidden texels."""

    role = "descriptor_extractor"

    def given(self) -> tuple[Texture]:
        """Skin with pores, the lower part hidden."""
        return (half_seen(skin(pores=0.05)),)

    def test_gives_one_descriptor_for_each_window(self) -> None:
        """And one without windows; the layers are the same, each with its support."""
        demand(len(self.result) == 1, f"describe() without windows: expected one descriptor; found {len(self.result)}")
        found = self.plugin.describe(*self.given(), locked(cells_of(2, SIZE)))
        demand(len(found) == 4, f"describe() under four windows: expected four descriptors; found {len(found)}")
        layers, support = list(self._whole().correlations), list(self._whole().support)
        demand(layers == support, f"describe(): correlations of {layers}, support of {support}: every layer has both")

    def test_correlations_are_symmetric_and_positive(self) -> None:
        """Semi-definite, up to single precision."""
        for layer, matrix in self._whole().correlations.items():
            name, most = f"correlations[{layer!r}]", float(np.abs(matrix).max())
            demand_near(matrix, matrix.T, f"{name} and its transpose", "G = F F^T / M is symmetric", atol=1e-5 * most)
            values = np.linalg.eigvalsh(matrix.astype(np.float64))
            told = f"{name} has the eigenvalue {values.min():.3g}; at least 0"
            demand(values.min() >= -1e-5 * values.max(), f"{told}: G = F F^T / M, one F, weights of positions not negative")

    def test_is_blind_to_hidden_texels(self) -> None:
        """Whatever stands there."""
        (seen,) = self.given()
        hidden = seen.visibility[..., None] == 0
        painted = locked(Texture(np.where(hidden, np.float32(1), seen.rgb).astype(np.float32), seen.visibility))
        (again,) = self.plugin.describe(painted)
        mend = "weigh positions by visibility, and fill what is hidden before you filter"
        for layer, matrix in self._whole().correlations.items():
            atol, found = 1e-5 * float(np.abs(matrix).max()), again.correlations[layer]
            demand_near(found, matrix, f"correlations[{layer!r}] with hidden texels painted white", mend, rtol=1e-4, atol=atol)

    def test_cells_together_are_the_whole(self) -> None:
        """Windows that cut the map without rest; layers have coarser positions than texels."""
        texture = whole(skin(pores=0.05))
        merged = merge(self.plugin.describe(texture, locked(cells_of(2, SIZE))))
        (found,) = self.plugin.describe(texture)
        mend = "divide by the support under the window, and tell that support"
        for layer, matrix in found.correlations.items():
            atol = 1e-3 * float(np.abs(matrix).max())
            demand_near(merged.correlations[layer], matrix, f"correlations[{layer!r}] of four cells, merged", mend, atol=atol)

    def test_a_window_on_nothing_counts_nothing(self) -> None:
        """No position, no correlation, no error."""
        (found,) = self.plugin.describe(whole(skin()), locked(np.zeros((1, SIZE, SIZE), np.float32)))
        kept = set(found.support.values()) == {0.0} and not any(matrix.any() for matrix in found.correlations.values())
        demand(
            kept,
            f"describe() under an empty window: expected support 0 and nothing but zeros; support is {dict(found.support)}",
        )

    def _whole(self) -> Descriptor:
        found: Descriptor = self.result[0]
        return found
