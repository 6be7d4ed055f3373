"""The models: one table (models.toml), one lookup by name, one way in for a local file."""

from facetex_model_zoo.store import (
    add_model,
    copy,
    home,
    is_installed,
    model_path,
    open_bank,
    place_of,
    provenance,
    recording,
    sha256_of,
)
from facetex_model_zoo.table import Row, model_names, row

__all__ = [
    "Row",
    "add_model",
    "copy",
    "home",
    "is_installed",
    "model_names",
    "model_path",
    "open_bank",
    "place_of",
    "provenance",
    "recording",
    "row",
    "sha256_of",
]
