"""What an unfinished bank is made of: a file for each portrait that has been examined."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from facetex_core.descriptors.correlations import unstacked
from facetex_core.io.atomic import replacing
from facetex_core.io.npz import Arrays
from facetex_core.structures import Descriptor
from facetex_core.workbench.bank_builder.examine import GRID, LOW, ExaminedPortrait
from facetex_core.workbench.bank_builder.gather import Exemplar


def key_of(content: bytes, recipe: Mapping[str, object]) -> str:
    """What an examined portrait is kept under: the photo and everything that its result depends on."""
    settings = json.dumps([recipe, version("facetex"), GRID, LOW], sort_keys=True, default=str).encode()
    return hashlib.sha256(hashlib.sha256(content).digest() + settings).hexdigest()[:32]


def keep(sitting: ExaminedPortrait, path: Path) -> None:
    """Writes what came of a portrait, so that an interrupted build can go on."""
    arrays: Arrays = {
        "note": np.array(json.dumps([sitting.photo, sitting.refused, dict(sitting.figures)])),
        "picture": sitting.picture,
        "layout": sitting.layout,
    }
    exemplar = sitting.exemplar
    if exemplar:
        arrays |= {"network": np.array(exemplar.face.network), "albedo": exemplar.albedo}
        for layer in exemplar.face.correlations:
            arrays[f"cells/{layer}"] = np.stack([cell.correlations[layer] for cell in exemplar.cells])
            arrays[f"mass/{layer}"] = np.array([cell.support[layer] for cell in exemplar.cells])
            arrays[f"face/{layer}"] = exemplar.face.correlations[layer]
            arrays[f"all/{layer}"] = np.array(exemplar.face.support[layer])
        if exemplar.texture is not None:
            arrays["texture"] = exemplar.texture
    with replacing(path) as half, half.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own


def kept(path: Path) -> ExaminedPortrait | None:
    """What `keep` wrote; none where nothing, or nothing whole, is there."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        photo, refused, figures = json.loads(str(arrays["note"]))
        exemplar = None if refused else _exemplar(arrays, Path(photo).stem)
        return ExaminedPortrait(photo, arrays["picture"], figures, refused, exemplar, arrays["layout"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def _exemplar(arrays: Arrays, name: str) -> Exemplar:
    layers = [key.split("/", 1)[1] for key in arrays if key.startswith("cells/")]
    network = str(arrays["network"])
    cells = unstacked(
        network, {each: arrays[f"cells/{each}"] for each in layers}, {each: arrays[f"mass/{each}"] for each in layers}
    )
    face = {each: arrays[f"face/{each}"] for each in layers}, {each: float(arrays[f"all/{each}"]) for each in layers}
    return Exemplar(name, cells, Descriptor(network, *face), arrays["albedo"], arrays.get("texture"))
