"""Our own plugins keep the contracts that we ask of others."""

import numpy as np
import pytest
from facetex_plugins.delight_division import DivisionDelighter, NoDelighter
from facetex_plugins.delight_harmonics import HarmonicsDelighter
from facetex_plugins.describe_network import SmallExtractor
from facetex_plugins.describe_pyramid import PyramidExtractor
from facetex_plugins.describe_random import RandomExtractor
from facetex_plugins.detail_shading import ShadingDetailer
from facetex_plugins.detect_landmarks import LandmarkDetector
from facetex_plugins.solve_affine import AffineSolver, LeastSquaresSolver
from facetex_plugins.solve_convex import ConvexSolver, NearestSolver, UniformSolver
from facetex_plugins.synthesize_baselines import LowFrequencySynthesizer, MirrorSynthesizer, PcaSynthesizer
from facetex_plugins.synthesize_complete import CompleteSynthesizer
from facetex_plugins.synthesize_quilting import QuiltingSynthesizer

from facetex_core.testing import (
    BlendSolverContract,
    DelighterContract,
    DescriptorExtractorContract,
    DetailerContract,
    DetectorContract,
    SynthesizerContract,
    read_only,
)


class TestLandmarkDetector(DetectorContract):
    @pytest.fixture
    def plugin(self):
        return LandmarkDetector()


class TestDivisionDelighter(DelighterContract):
    @pytest.fixture
    def plugin(self):
        return DivisionDelighter()


class TestNoDelighter(DelighterContract):
    """All but the light's going."""

    test_gives_back_the_albedo_under_a_known_light = None

    @pytest.fixture
    def plugin(self):
        return NoDelighter()


class TestHarmonicsDelighter(DelighterContract):
    @pytest.fixture
    def plugin(self):
        return HarmonicsDelighter()


class TestSmallExtractor(DescriptorExtractorContract):
    @pytest.fixture
    def plugin(self):
        return SmallExtractor()


class TestRandomExtractor(DescriptorExtractorContract):
    @pytest.fixture
    def plugin(self):
        return RandomExtractor()


class TestPyramidExtractor(DescriptorExtractorContract):
    @pytest.fixture
    def plugin(self):
        return PyramidExtractor()


class TestConvexSolver(BlendSolverContract):
    @pytest.fixture
    def plugin(self):
        return ConvexSolver()


class TestNearestSolver(BlendSolverContract):
    @pytest.fixture
    def plugin(self):
        return NearestSolver()

    @pytest.fixture
    def weights(self):
        return np.eye(12, dtype=np.float32)[4]


class TestUniformSolver(BlendSolverContract):
    @pytest.fixture
    def plugin(self):
        return UniformSolver()

    @pytest.fixture
    def weights(self):
        return np.full(12, 1 / 12, np.float32)


class TestAffineSolver(BlendSolverContract):
    @pytest.fixture
    def plugin(self):
        return AffineSolver(ridge=1e-6)  # the default leans far towards the mean: twelve random exemplars are no bank

    @pytest.fixture
    def least(self):
        return -np.inf

    @pytest.fixture
    def weights(self):
        return np.array([0.9, -0.3, 0.2, 0, 0, 0, 0.2, 0, 0, 0, 0, 0], np.float32)


class TestLeastSquaresSolver(BlendSolverContract):
    @pytest.fixture
    def plugin(self):
        return LeastSquaresSolver(ridge=1e-6)

    @pytest.fixture
    def least(self):
        return -np.inf

    @pytest.fixture
    def total(self):
        return None

    @pytest.fixture
    def weights(self):
        return np.array([0.9, -0.3, 0.5, 0, 0, 0, 0.4, 0, 0, 0, 0, 0], np.float32)


class TestCompleteSynthesizer(SynthesizerContract):
    @pytest.fixture
    def plugin(self):
        return CompleteSynthesizer()


class AddsNoTexture(SynthesizerContract):
    """What stays smooth where neither side is seen comes no nearer to anything than a smooth fill."""

    __test__ = False
    test_comes_nearer_to_the_wanted_correlations = None


class TestMirrorSynthesizer(AddsNoTexture):
    __test__ = True

    @pytest.fixture
    def plugin(self):
        return MirrorSynthesizer()


class TestLowFrequencySynthesizer(AddsNoTexture):
    __test__ = True

    @pytest.fixture
    def plugin(self):
        return LowFrequencySynthesizer()


class TestPcaSynthesizer(AddsNoTexture):
    __test__ = True

    @pytest.fixture
    def plugin(self):
        return PcaSynthesizer()


class TestQuiltingSynthesizer(SynthesizerContract):
    @pytest.fixture
    def plugin(self):
        return QuiltingSynthesizer()


class TestShadingDetailer(DetailerContract):
    @pytest.fixture
    def plugin(self):
        return ShadingDetailer()


def test_whoever_writes_into_what_it_was_given_fails_at_once():
    locked = read_only((np.zeros(3), {"a": np.zeros(2)}))
    with pytest.raises(ValueError, match="read-only"):
        locked[1]["a"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        locked[0][0] = 1
