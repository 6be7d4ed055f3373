"""What every synthesizer promises."""

from typing import cast

import numpy as np

from facetex_core.descriptors.correlations import relative_error
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.stages import DescriptorExtractor
from facetex_core.structures import DelitView, Descriptor, Target, Texture
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import SIZE, delit_view, face, half_seen, shipped, skin, whole

KEPT = 0.5
"""Share of the map, from the top, that must stay; the last rows before what is hidden may fade."""


class SynthesizerContract(Contract):
    """The complete texture: visible texels stay, hidden ones come nearer to the target's correlations."""

    role = "synthesizer"

    @property
    def albedo(self) -> Texture:
        """Skin with pores, the lower part hidden."""
        return half_seen(skin(pores=0.05))

    @property
    def extractor(self) -> DescriptorExtractor:
        """The one that ships: a wanted descriptor belongs to a network of the zoo."""
        return cast("DescriptorExtractor", shipped("descriptor_extractor"))

    @property
    def wanted(self) -> Descriptor:
        """Of the whole skin."""
        return self.extractor.describe(whole(skin(pores=0.05)))[0]

    def given(self) -> tuple[DelitView, Target, np.random.Generator]:
        """From seed 0, in even light."""
        return delit_view(self.albedo), Target(self.wanted, self.wanted), np.random.default_rng(0)

    def test_what_was_seen_stays(self) -> None:
        """To a step of eight bits."""
        rows, mend = round(KEPT * SIZE), "np.where(albedo.visibility[..., None] > 0, albedo.rgb, made)"
        demand_near(self.result.rgb[:rows], self.albedo.rgb[:rows], "texels that were seen", mend, atol=1 / 255)

    def test_is_whole_and_tells_what_was_seen(self) -> None:
        """No hole, and the photo's own visibility."""
        demand(self.result.rgb.min() > 0, "synthesize().rgb is 0 somewhere: the whole map is asked for, no holes")
        mend = "pass albedo.visibility on: it tells what the photo had seen"
        demand_near(self.result.visibility, self.albedo.visibility, "visibility", mend)

    def test_comes_nearer_to_the_wanted_correlations(self) -> None:
        """In every layer, where the face was hidden, than a smooth fill does."""
        hidden = (face() * (1 - self.albedo.visibility))[None]
        smooth = whole(fill_smooth(self.albedo.rgb, self.albedo.visibility))
        (before,), (after,) = (self.extractor.describe(each, hidden) for each in (smooth, whole(self.result.rgb)))
        far, mend = relative_error(before, self.wanted), "give hidden skin the fine structure that `wanted` asks for"
        for layer, near in relative_error(after, self.wanted).items():
            told = f"{layer}: {near:.2f} from the wanted correlations; a smooth fill is {far[layer]:.2f} from them"
            demand(near < far[layer], f"synthesize(), {told}: {mend}, or say waived_checks = (...)")
