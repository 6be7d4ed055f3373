"""The map of everything extensible: one hook a stage, then one for each other thing that a plugin may bring.

A stage's hook returns factories by name; nothing is built until chosen.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import pluggy

from facetex_core import stages
from facetex_core.metrics import FaceEmbedding, Metric
from facetex_core.model_rows import ModelImporter, Row

Stage = TypeVar("Stage")
Offers = Mapping[str, Callable[..., Stage]]
"""Name -> factory. The factory's keyword arguments are the plugin's options."""

API_VERSION = 2
"""Goes up when a protocol of stages.py or a noun of structures.py changes so that plugins have to follow.

A plugin says which one it was made for, `api_version = 2` in its module; one that says nothing was made for 1.
"""

COMMANDS_GROUP = "facetex.commands"
"""Commands are entry points of this group, for `facetex --help` imports no plugin: the name is the command's, the value
`module:attribute` of a click command, and the line of help is the summary of the distribution."""

hookspec = pluggy.HookspecMarker("facetex")
hookimpl = pluggy.HookimplMarker("facetex")


class HookSpecs(Protocol):
    """What a plugin may offer; a plugin implements any of these."""

    @hookspec
    def detectors(self) -> Offers[stages.Detector]:
        """Ways to find faces."""

    @hookspec
    def restorers(self) -> Offers[stages.Restorer]:
        """Ways to repair a photo."""

    @hookspec
    def segmenters(self) -> Offers[stages.Segmenter]:
        """Ways to segment skin, hair, glasses, mouth and background."""

    @hookspec
    def fitters(self) -> Offers[stages.Fitter]:
        """Ways to fit a morphable model to a face."""

    @hookspec
    def cleaners(self) -> Offers[stages.Cleaner]:
        """Ways to hide defects in an unwrapped photo."""

    @hookspec
    def light_estimators(self) -> Offers[stages.LightEstimator]:
        """Ways to estimate the light and the low-frequency albedo."""

    @hookspec
    def delighters(self) -> Offers[stages.Delighter]:
        """Ways to remove the light from a texture."""

    @hookspec
    def mergers(self) -> Offers[stages.Merger]:
        """Ways to merge the albedos of several photos."""

    @hookspec
    def descriptor_extractors(self) -> Offers[stages.DescriptorExtractor]:
        """Ways to describe the texture of skin."""

    @hookspec
    def blend_solvers(self) -> Offers[stages.BlendSolver]:
        """Ways to explain one face by a blend of others."""

    @hookspec
    def hidden_predictors(self) -> Offers[stages.HiddenPredictor]:
        """Ways to predict the correlations of hidden skin."""

    @hookspec
    def synthesizers(self) -> Offers[stages.Synthesizer]:
        """Ways to complete an albedo."""

    @hookspec
    def painters(self) -> Offers[stages.Painter]:
        """Ways to paint eyes and mouth."""

    @hookspec
    def detailers(self) -> Offers[stages.Detailer]:
        """Ways to add relief finer than the mesh."""

    @hookspec
    def renderers(self) -> Offers[stages.Renderer]:
        """Ways to render a head."""

    @hookspec
    def exporters(self) -> Offers[stages.Exporter]:
        """Ways to write a head for other programs."""

    @hookspec
    def models(self) -> Mapping[str, Row]:
        """Rows for the table of models, by name: what a file is, its licence, and how to get it."""

    @hookspec
    def model_importers(self) -> Mapping[str, ModelImporter]:
        """Importers of model files, by model name: `function(source, target)`. Files of other models are copied."""

    @hookspec
    def presets(self) -> Mapping[str, Path]:
        """Presets by name, each the path of a .toml file."""

    @hookspec
    def metrics(self) -> Mapping[str, Metric]:
        """Measures of a head, for the table of `facetex compare`."""

    @hookspec
    def face_embeddings(self) -> Mapping[str, FaceEmbedding]:
        """Ways to tell people apart, for `facetex eval likeness`: `function(photo, face)` returns a unit vector."""
