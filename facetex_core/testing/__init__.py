"""The contracts that every plugin must meet. Plugin authors inherit one, set `make = MyPlugin`, and run pytest."""

from facetex_core.stages import STAGES
from facetex_core.testing.blend_solver import BlendSolverContract
from facetex_core.testing.cleaner import CleanerContract
from facetex_core.testing.contract import Contract, Outcome, run_checks
from facetex_core.testing.delighter import DelighterContract
from facetex_core.testing.descriptor_extractor import DescriptorExtractorContract
from facetex_core.testing.detailer import DetailerContract
from facetex_core.testing.detector import DetectorContract
from facetex_core.testing.exporter import ExporterContract
from facetex_core.testing.fitter import FitterContract
from facetex_core.testing.hidden_predictor import HiddenPredictorContract
from facetex_core.testing.light_estimator import LightEstimatorContract
from facetex_core.testing.merger import MergerContract
from facetex_core.testing.painter import PainterContract
from facetex_core.testing.renderer import RendererContract
from facetex_core.testing.restorer import RestorerContract
from facetex_core.testing.segmenter import SegmenterContract
from facetex_core.testing.synthesizer import SynthesizerContract
from facetex_core.values import locked

_BY_ROLE = {contract.role: contract for contract in Contract.__subclasses__()}
CONTRACTS: dict[str, type[Contract]] = {role: _BY_ROLE[role] for role in STAGES}
"""The contract of every role, in running order."""

__all__ = [
    "CONTRACTS", "BlendSolverContract", "CleanerContract", "Contract", "DelighterContract", "DescriptorExtractorContract",
    "DetailerContract", "DetectorContract", "ExporterContract", "FitterContract", "HiddenPredictorContract",
    "LightEstimatorContract", "MergerContract", "Outcome", "PainterContract", "RendererContract", "RestorerContract",
    "SegmenterContract", "SynthesizerContract", "locked", "run_checks",
]  # fmt: skip
