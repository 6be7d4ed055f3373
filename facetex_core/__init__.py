"""facetex: one photo of a face in, a whole shading-free skin texture and a riggable head out."""

import os

from facetex_core.choices_file import preset_names
from facetex_core.config import Choice, Recipe, load_preset
from facetex_core.errors import ConfigError, FacetexError, ModelError, PhotoError, PluginError
from facetex_core.extensions import Extension
from facetex_core.hookspecs import API_VERSION, HookSpecs, Offers, hookimpl, hookspec
from facetex_core.listeners import warn
from facetex_core.metrics import FaceEmbedding, Metric
from facetex_core.model_rows import ModelImporter, Part, Row
from facetex_core.options import Device, Meta, Program
from facetex_core.pipeline import Pipeline, Run
from facetex_core.registry import Offer, Registry
from facetex_core.stages import STAGES
from facetex_core.structures import (
    AlbedoModel,
    Appearance,
    Bank,
    Camera,
    Corrective,
    DelitView,
    Descriptor,
    Detail,
    DetailLayer,
    Embedding,
    Face,
    Fit,
    Head,
    Lighting,
    LitView,
    Merged,
    Mesh,
    MorphableModel,
    Observation,
    OwnDescriptors,
    Photo,
    Segmentation,
    Target,
    Texture,
    View,
)

__all__ = [
    "API_VERSION", "STAGES", "AlbedoModel", "Appearance", "Bank", "Camera", "Choice", "ConfigError", "Corrective",
    "DelitView", "Descriptor", "Detail", "DetailLayer", "Device", "Embedding", "Extension", "Face", "FaceEmbedding",
    "FacetexError", "Fit", "Head", "HookSpecs", "Lighting", "LitView", "Merged", "Mesh", "Meta", "Metric", "ModelError",
    "ModelImporter", "MorphableModel", "Observation", "Offer", "Offers", "OwnDescriptors", "Part", "Photo", "PhotoError",
    "Pipeline", "PluginError", "Program", "Recipe", "Registry", "Row", "Run", "Segmentation", "Target", "Texture", "View",
    "hookimpl", "hookspec", "load_preset", "preset_names", "warn",
]  # fmt: skip

# ONNX Runtime writes a device id into the home folder and sends events as soon as it is imported, unless this is set before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
