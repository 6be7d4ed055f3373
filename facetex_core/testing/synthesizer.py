"""What every synthesizer promises."""

from typing import cast

import numpy as np
import pytest

from facetex_core.correlations import relative_error
from facetex_core.fill import fill_smooth
from facetex_core.harmonics import ambient
from facetex_core.recipe import load_preset
from facetex_core.registry import Registry
from facetex_core.stages import DescriptorExtractor, Synthesizer
from facetex_core.structures import Descriptor, Fit, Texture
from facetex_core.testing.contract import Contract
from facetex_core.testing.samples import SIZE, face, fit_of, half_seen, skin, whole

KEPT = 0.5
"""Share of the map, from the top, that must stay; the last rows before what is hidden may fade."""


class SynthesizerContract(Contract):
    """The whole texture: what was seen stays, what was hidden comes nearer to the wanted correlations."""

    @pytest.fixture
    def fit(self) -> Fit:
        """The sheet in even light."""
        return fit_of(ambient())

    @pytest.fixture
    def albedo(self) -> Texture:
        """Skin with pores, the lower part hidden."""
        return half_seen(skin(pores=0.05))

    @pytest.fixture
    def extractor(self) -> DescriptorExtractor:
        """The one that ships: a wanted descriptor belongs to a network of the zoo."""
        return cast("DescriptorExtractor", load_preset("embedded").make("descriptor_extractor", Registry()))

    @pytest.fixture
    def wanted(self, extractor: DescriptorExtractor) -> Descriptor:
        """Of the whole skin."""
        return extractor.describe(whole(skin(pores=0.05)))[0]

    @pytest.fixture
    def result(self, plugin: Synthesizer, albedo: Texture, wanted: Descriptor, fit: Fit) -> Texture:
        """From seed 0."""
        return plugin.synthesize(albedo, wanted, fit, np.random.default_rng(0))

    def test_what_was_seen_stays(self, result: Texture, albedo: Texture) -> None:
        """To a step of eight bits."""
        rows = round(KEPT * SIZE)
        np.testing.assert_allclose(result.rgb[:rows], albedo.rgb[:rows], atol=1 / 255)

    def test_is_whole_and_tells_what_was_seen(self, result: Texture, albedo: Texture) -> None:
        """No hole, all in [0, 1], and the photo's own visibility."""
        assert result.rgb.min() > 0
        assert result.rgb.max() <= 1
        np.testing.assert_array_equal(result.visibility, albedo.visibility)

    def test_comes_nearer_to_the_wanted_correlations(
        self, result: Texture, albedo: Texture, wanted: Descriptor, extractor: DescriptorExtractor
    ) -> None:
        """In every layer, where the face was hidden, than a smooth fill does."""
        hidden = (face() * (1 - albedo.visibility))[None]
        smooth = whole(fill_smooth(albedo.rgb, albedo.visibility))
        (before,), (after,) = extractor.describe(smooth, hidden), extractor.describe(whole(result.rgb), hidden)
        far = relative_error(before, wanted)
        assert all(near < far[layer] for layer, near in relative_error(after, wanted).items())

    def test_the_same_seed_gives_the_same_texture(
        self, plugin: Synthesizer, result: Texture, albedo: Texture, wanted: Descriptor, fit: Fit
    ) -> None:
        """To the bit."""
        np.testing.assert_array_equal(plugin.synthesize(albedo, wanted, fit, np.random.default_rng(0)).rgb, result.rgb)
