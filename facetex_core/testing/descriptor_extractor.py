"""What every descriptor extractor promises."""

import numpy as np

from facetex_core.banks.bank import cells_of
from facetex_core.correlations import merge
from facetex_core.stages import DescriptorExtractor
from facetex_core.structures import Texture
from facetex_core.testing.contract import Contract
from facetex_core.testing.read_only import read_only
from facetex_core.testing.samples import SIZE, half_seen, skin, whole


class DescriptorExtractorContract(Contract):
    """Correlations are correlations, and tell nothing of what is hidden."""

    def test_correlations_are_symmetric_and_positive(self, plugin: DescriptorExtractor) -> None:
        """Semi-definite, up to single precision."""
        (found,) = plugin.describe(whole(skin(pores=0.05)))
        for matrix in found.correlations.values():
            np.testing.assert_allclose(matrix, matrix.T, atol=1e-5 * np.abs(matrix).max())
            values = np.linalg.eigvalsh(matrix.astype(np.float64))
            assert values.min() >= -1e-5 * values.max()

    def test_is_blind_to_hidden_texels(self, plugin: DescriptorExtractor) -> None:
        """Whatever stands there."""
        seen = half_seen(skin(pores=0.05))
        hidden = seen.visibility[..., None] == 0
        painted = read_only(Texture(np.where(hidden, np.float32(1), seen.rgb).astype(np.float32), seen.visibility))
        (found,), (again,) = plugin.describe(seen), plugin.describe(painted)
        for layer, matrix in found.correlations.items():
            np.testing.assert_allclose(again.correlations[layer], matrix, rtol=1e-4, atol=1e-5 * np.abs(matrix).max())

    def test_cells_together_are_the_whole(self, plugin: DescriptorExtractor) -> None:
        """Windows that cut the map without rest; layers have coarser positions than texels."""
        texture = whole(skin(pores=0.05))
        merged = merge(plugin.describe(texture, read_only(cells_of(2, SIZE))))
        (found,) = plugin.describe(texture)
        for layer, matrix in found.correlations.items():
            np.testing.assert_allclose(merged.correlations[layer], matrix, atol=1e-3 * np.abs(matrix).max())

    def test_a_window_on_nothing_counts_nothing(self, plugin: DescriptorExtractor) -> None:
        """No position, no correlation, no error."""
        (found,) = plugin.describe(whole(skin()), read_only(np.zeros((1, SIZE, SIZE), np.float32)))
        assert set(found.mass.values()) == {0.0}
        assert not any(matrix.any() for matrix in found.correlations.values())
