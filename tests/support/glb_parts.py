"""A GLB taken apart and put together again."""

import json


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
