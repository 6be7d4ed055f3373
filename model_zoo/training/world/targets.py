"""MakeHuman's targets of the face: which there are, which of them and of its skins trainings may use, and what they move."""

import gzip
import tarfile
from pathlib import Path
from zlib import crc32

import numpy as np
from jaxtyping import Float32

KINDS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose", "asym")
ENDS = (
    *("decr", "incr", "in", "out", "up", "down", "backward", "forward", "concave", "convex", "compress", "uncompress"),
    *("1", "2", "3", "4", "5", "6", "7", "8", "l", "r"),
)
HELD_OUT = ("middleage_lightskinned_female_head2", "middleage_lightskinned_male_head", "young_darkskinned_male_head")
"""Skins that are for evaluation alone."""
BODY = ("asymm-breast", "asymm-trunk")
Offsets = Float32[np.ndarray, "vertices 3"]


def read_targets(archive: Path, vertices: int) -> dict[str, Offsets]:
    """By kind/name, of all vertices of the base mesh, in its decimetres; expressions are left out."""
    targets = {}
    with tarfile.open(archive) as files:
        for member in files.getmembers():
            kind, name = Path(member.name).parent.name, Path(member.name).name
            data = files.extractfile(member) if kind in (*KINDS, "macrodetails") and not name.startswith(BODY) else None
            if data is not None:
                targets[f"{kind}/{name.removesuffix('.target.gz')}"] = _offsets(gzip.decompress(data.read()), vertices)
    return targets


def _offsets(text: bytes, vertices: int) -> Offsets:
    """Rows of a vertex's number and how it moves."""
    offsets = np.zeros((vertices, 3), np.float32)
    for line in text.decode("ascii").splitlines():
        if line and line[0] != "#":
            number, *move = line.split()
            offsets[int(number)] = [float(value) for value in move]
    return offsets


def slider(name: str) -> str:
    """What a target is of: without its side and its direction."""
    kind, _, rest = name.partition("/")
    words = rest.removeprefix("l-").removeprefix("r-").split("-")
    while len(words) > 1 and words[-1] in ENDS:
        words.pop()
    return f"{kind}/{'-'.join(words)}"


def is_for_training(name: str) -> bool:
    """Half of the sliders teach; the others, and the macro targets, are for evaluation alone."""
    return not name.startswith("macrodetails/") and crc32(slider(name).encode()) % 2 == 0


def skin_is_for_training(name: str) -> bool:
    """Whether trainings may use a painted skin."""
    return name not in HELD_OUT


def sides(targets: dict[str, Offsets], x: Float32[np.ndarray, " vertices"]) -> dict[str, tuple[Offsets, Offsets]]:
    """Right and left of each: a pair of sided targets, or one cut softly at the middle of the face, whose x is 0."""
    left = (0.5 + 0.5 * np.tanh(x / 0.15))[:, None].astype(np.float32)
    pairs = {}
    for name, offsets in targets.items():
        kind, _, rest = name.partition("/")
        if rest.startswith("l-"):
            continue
        if rest.startswith("r-"):
            pairs[f"{kind}/{rest[2:]}"] = offsets, targets[f"{kind}/l-{rest[2:]}"]
        else:
            pairs[name] = offsets * (1 - left), offsets * left
    return pairs
