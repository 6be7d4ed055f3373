"""A GLB taken apart and put together again."""

import json
from pathlib import Path


def parts(glb: bytes) -> tuple[dict, bytes]:
    """The document and the buffer."""
    length = int.from_bytes(glb[12:16], "little")
    return json.loads(glb[20 : 20 + length]), glb[28 + length :]


def whole(document: dict, binary: bytes) -> bytes:
    """The file."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = b"".join(len(each).to_bytes(4, "little") + kind + each for kind, each in ((b"JSON", text), (b"BIN\0", binary)))
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks


def one_mesh_a_part(glb: Path) -> bytes:
    """The same head with a node and a mesh for each primitive, behind an empty node; only the skin knows more than the jaw."""
    document, binary = parts(glb.read_bytes())
    (mesh,) = document["meshes"]
    names, weights = mesh["extras"]["targetNames"], mesh["weights"]
    meshes = []
    for number, primitive in enumerate(mesh["primitives"]):
        kept = list(range(len(names))) if number == 0 else [names.index("jawOpen")]
        primitive["targets"] = [primitive["targets"][each] for each in kept]
        extras = {"targetNames": [names[each] for each in kept]}
        meshes.append({"primitives": [primitive], "weights": [weights[each] for each in kept], "extras": extras})
    document["meshes"], count = meshes, len(meshes)
    document["nodes"] = [{"name": "joint", "translation": [0, 0.1, 0]}] + [{"mesh": number} for number in range(count)[::-1]]
    document["scenes"] = [{"nodes": list(range(1 + count))}]
    return whole(document, binary)
