"""Our own plugins keep the contracts that we ask of others."""

from functools import partial

import numpy as np
import pytest
from facetex_plugins.clean.defects import DefectCleaner, NoCleaner
from facetex_plugins.clean.outliers import OutlierCleaner
from facetex_plugins.delight.division import DivisionDelighter, NoDelighter
from facetex_plugins.delight.harmonics import HarmonicsDelighter
from facetex_plugins.describe.network import SmallExtractor
from facetex_plugins.describe.pyramid import PyramidExtractor
from facetex_plugins.describe.random import RandomExtractor
from facetex_plugins.detail.shading import ShadingDetailer
from facetex_plugins.detect.landmarks import LandmarkDetector
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.export.obj import ObjExporter
from facetex_plugins.fit.basis import BasisFitter, LandmarkFitter
from facetex_plugins.light.harmonics import HarmonicsEstimator, LeastSquaresEstimator, NoEstimator
from facetex_plugins.merge.bands import BandMerger, NoMerger
from facetex_plugins.merge.mean import MeanMerger
from facetex_plugins.paint.parts import BrownPainter, EyePainter, NoPainter
from facetex_plugins.predict.own import BlendPredictor, OwnPredictor
from facetex_plugins.render.raster import RasterRenderer
from facetex_plugins.restore.deblock import DeblockRestorer, NoRestorer
from facetex_plugins.restore.denoise import DenoiseRestorer
from facetex_plugins.segment.skin import GeometrySegmenter, SkinSegmenter
from facetex_plugins.solve.affine import AffineSolver, LeastSquaresSolver
from facetex_plugins.solve.convex import ConvexSolver, NearestSolver, UniformSolver
from facetex_plugins.synthesize.baselines import LowFrequencySynthesizer, MirrorSynthesizer, PcaSynthesizer
from facetex_plugins.synthesize.complete import CompleteSynthesizer
from facetex_plugins.synthesize.quilting import QuiltingSynthesizer

from facetex_core import STAGES, PluginError, Registry
from facetex_core.testing import (
    CONTRACTS,
    BlendSolverContract,
    CleanerContract,
    DelighterContract,
    DescriptorExtractorContract,
    DetailerContract,
    DetectorContract,
    ExporterContract,
    FitterContract,
    HiddenPredictorContract,
    LightEstimatorContract,
    MergerContract,
    PainterContract,
    RendererContract,
    RestorerContract,
    SegmenterContract,
    SynthesizerContract,
    locked,
    run_checks,
)


class TestLandmarkDetector(DetectorContract):
    make = LandmarkDetector


class TestDeblockRestorer(RestorerContract):
    make = DeblockRestorer


class TestDenoiseRestorer(RestorerContract):
    make = DenoiseRestorer


class TestNoRestorer(RestorerContract):
    make = NoRestorer


class TestBasisFitter(FitterContract):
    make = BasisFitter


class TestLandmarkFitter(FitterContract):
    make = LandmarkFitter


class TestSkinSegmenter(SegmenterContract):
    make = SkinSegmenter


class TestGeometrySegmenter(SegmenterContract):
    make = GeometrySegmenter


class TestDefectCleaner(CleanerContract):
    make = DefectCleaner


class TestOutlierCleaner(CleanerContract):
    make = OutlierCleaner


class TestNoCleaner(CleanerContract):
    make = NoCleaner


class TestHarmonicsEstimator(LightEstimatorContract):
    make = HarmonicsEstimator


class TestLeastSquaresEstimator(LightEstimatorContract):
    make = LeastSquaresEstimator


class TestNoEstimator(LightEstimatorContract):
    make = NoEstimator


class TestDivisionDelighter(DelighterContract):
    make = DivisionDelighter


class TestNoDelighter(DelighterContract):
    make = NoDelighter


class TestHarmonicsDelighter(DelighterContract):
    make = HarmonicsDelighter


class TestBandMerger(MergerContract):
    make = BandMerger


class TestMeanMerger(MergerContract):
    make = MeanMerger


class TestNoMerger(MergerContract):
    make = NoMerger


class TestSmallExtractor(DescriptorExtractorContract):
    make = SmallExtractor


class TestRandomExtractor(DescriptorExtractorContract):
    make = RandomExtractor


class TestPyramidExtractor(DescriptorExtractorContract):
    make = PyramidExtractor


class TestConvexSolver(BlendSolverContract):
    make = ConvexSolver


class TestNearestSolver(BlendSolverContract):
    make = NearestSolver


class TestUniformSolver(BlendSolverContract):
    make = UniformSolver


class TestAffineSolver(BlendSolverContract):
    make = AffineSolver


class TestLeastSquaresSolver(BlendSolverContract):
    make = LeastSquaresSolver


@pytest.mark.parametrize("solver", [AffineSolver, LeastSquaresSolver])
def test_signed_solvers_that_are_hardly_drawn_recover_signed_weights(solver):
    contract = type("Signed", (BlendSolverContract,), {"make": partial(solver, ridge=1e-6)})
    contract.weights = np.array([0.9, -0.3, 0.2, 0, 0, 0, 0.2, 0, 0, 0, 0, 0], np.float32)
    contract().test_recovers_the_weights_that_made_the_mixture()
    contract().test_an_exemplar_explains_itself()


class TestOwnPredictor(HiddenPredictorContract):
    make = OwnPredictor


class TestBlendPredictor(HiddenPredictorContract):
    make = BlendPredictor


class TestCompleteSynthesizer(SynthesizerContract):
    make = CompleteSynthesizer


class TestMirrorSynthesizer(SynthesizerContract):
    make = MirrorSynthesizer


class TestLowFrequencySynthesizer(SynthesizerContract):
    make = LowFrequencySynthesizer


class TestPcaSynthesizer(SynthesizerContract):
    make = PcaSynthesizer


class TestQuiltingSynthesizer(SynthesizerContract):
    make = QuiltingSynthesizer


class TestEyePainter(PainterContract):
    make = EyePainter


class TestBrownPainter(PainterContract):
    make = BrownPainter


class TestNoPainter(PainterContract):
    make = NoPainter


class TestShadingDetailer(DetailerContract):
    make = ShadingDetailer


class TestRasterRenderer(RendererContract):
    make = RasterRenderer


class TestGlbExporter(ExporterContract):
    make = GlbExporter


class TestObjExporter(ExporterContract):
    make = ObjExporter


def test_every_role_has_a_contract_in_running_order():
    assert list(CONTRACTS) == list(STAGES)
    for role, contract in CONTRACTS.items():
        assert contract.__name__ == f"{STAGES[role].__name__}Contract"


def test_every_plugin_of_the_stages_between_keeps_its_contract_here():
    """Those that need no foreign model and take no minutes are all tested above."""
    between = ("restorer", "cleaner", "light_estimator", "merger", "hidden_predictor", "painter")
    tested = {each.make for name, each in globals().items() if name.startswith("Test")}
    offers = [offer for role in between for offer in Registry().offers[role].values() if offer.origin.startswith("facetex ")]
    assert len(offers) >= 17
    assert [offer.name for offer in offers if offer.factory not in tested] == []


def test_every_waived_check_of_ours_is_one_of_its_contract():
    waived = {
        (offer.name, name): offer.role
        for offers in Registry().offers.values()
        for offer in offers.values()
        for name in getattr(offer.factory, "waived_checks", ())
    }
    assert len(waived) > 10
    assert [pair for pair, role in waived.items() if f"test_{pair[1]}" not in CONTRACTS[role].checks()] == []


def test_a_misspelt_check_is_answered_with_what_exists():
    class Misspelt(ConvexSolver):
        waived_checks = ("weights_sum_to_on",)

    contract = type("Checked", (BlendSolverContract,), {"make": Misspelt})()
    with pytest.raises(
        PluginError, match=r"waived_checks names no check 'weights_sum_to_on' of the role; did you mean 'weights_sum_to_one'\?"
    ):
        contract.setup_method(contract.test_weights_sum_to_one)


def test_checks_run_without_pytest_as_they_do_with_it():
    outcomes = list(run_checks(TestUniformSolver))
    assert [outcome.state for outcome in outcomes].count("exempt") == 2
    assert {outcome.state for outcome in outcomes} == {"passed", "exempt"}
    assert [f"test_{outcome.check.replace(' ', '_')}" for outcome in outcomes] == BlendSolverContract.checks()


def test_a_contract_without_a_plugin_says_what_to_write():
    with pytest.raises(NotImplementedError, match="say which plugin DetectorContract tests: make = MyPlugin"):
        DetectorContract().test_prints_nothing()


def test_whoever_writes_into_what_it_was_given_fails_at_once():
    given = locked((np.zeros(3), {"a": np.zeros(2)}))
    with pytest.raises(ValueError, match="read-only"):
        given[1]["a"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        given[0][0] = 1
