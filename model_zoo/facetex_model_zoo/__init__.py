"""The models: one table (models.toml), one lookup by name, one way in for a local file, one for a fetched one."""

from facetex_core.model_rows import Part, Row
from facetex_model_zoo.pull import pull_model, refuse_pull
from facetex_model_zoo.store import (
    add_model,
    copy,
    expected_sha256,
    home,
    is_installed,
    model_names,
    model_path,
    open_bank,
    own_rows,
    place_of,
    provenance,
    recording,
    remove_model,
    row,
    sha256_of,
)

__all__ = [
    "Part", "Row", "add_model", "copy", "expected_sha256", "home", "is_installed", "model_names", "model_path", "open_bank",
    "own_rows", "place_of", "provenance", "pull_model", "recording", "refuse_pull", "remove_model", "row", "sha256_of",
]  # fmt: skip
