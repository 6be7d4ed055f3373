"""The contracts that every plugin keeps, for plugin authors: inherit one, override its fixture `plugin`, run pytest."""

from facetex_core.testing.blend_solver import BlendSolverContract
from facetex_core.testing.delighter import DelighterContract
from facetex_core.testing.descriptor_extractor import DescriptorExtractorContract
from facetex_core.testing.detailer import DetailerContract
from facetex_core.testing.detector import DetectorContract
from facetex_core.testing.read_only import read_only
from facetex_core.testing.synthesizer import SynthesizerContract

__all__ = [
    "BlendSolverContract",
    "DelighterContract",
    "DescriptorExtractorContract",
    "DetailerContract",
    "DetectorContract",
    "SynthesizerContract",
    "read_only",
]
