"""Ways to spoil bytes, tables and arrays; all chance comes from the generator that is given."""

import copy
import io
import json
import math
import struct
import zipfile

import numpy as np

STRANGE = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**40, 1e308, -0.5, math.nan, math.inf, -math.inf, "", " ", "none", "toy",
    "nan", "1e999", "../../x", "a" * 5000, "\n", "é\u202e\x07", "=", [], [[]], {}, [1, "a", None], {"use": "toy"}, {"use": 3},
    {"use": []}, [0] * 300,
)  # fmt: skip
"""What stands where something else should."""
DISGUISES = (
    b"", b"\0", b"\0" * 4096, b"<!DOCTYPE html><html><body>404</body></html>\n", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1234\n", b"PK\x05\x06" + b"\0" * 18,
    b"\x80\x02cos\nsystem\nq\0X\x04\0\0\0trueq\1\x85q\2Rq\3.", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\xff\xff\xff\xffWEBPVP8L",
    b"\x89HDF\r\n\x1a\n" + b"\xff" * 64, b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\0\1IM", b"[" * 3000, b"\xef\xbb\xbf{}",
)  # fmt: skip
"""Whole files that are something else."""
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def spoiled(rng: np.random.Generator, content: bytes) -> bytes:
    """The bytes after one to three accidents, half of them near the beginning, where headers are."""
    if rng.random() < 0.06:
        return DISGUISES[rng.integers(len(DISGUISES))]
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        if data:
            _accident(rng, data)
    return bytes(data)


def _accident(rng: np.random.Generator, data: bytearray) -> None:
    place = int(rng.integers(min(len(data), 512) if rng.random() < 0.5 else len(data)))
    length = int(rng.integers(1, 65))
    match rng.integers(8):
        case 0:
            del data[place:]
        case 1:
            data[place] ^= 1 << int(rng.integers(8))
        case 2:
            data[place : place + length] = rng.bytes(length)
        case 3:
            del data[place : place + length]
        case 4:
            data[place:place] = data[place : place + length]
        case 5:
            data[place : place + 4] = struct.pack(rng.choice(["<I", ">I"]), int(rng.choice(EDGES)))
        case 6:
            data[place : place + 2] = struct.pack(rng.choice(["<H", ">H"]), int(rng.choice(EDGES)) & 0xFFFF)
        case _:
            data[place:place] = rng.bytes(length)


def bent(rng: np.random.Generator, table: object, times: int = 2) -> object:
    """The nested table after some changes: values swapped for strange ones, keys gone, new or renamed."""
    table = copy.deepcopy(table)
    for _ in range(rng.integers(1, times + 1)):
        holders = [place for place in _holders(table) if place]
        if not holders:
            return STRANGE[rng.integers(len(STRANGE))]
        holder = holders[rng.integers(len(holders))]
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        _bend(rng, holder, keys[rng.integers(len(keys))])
    return table


def _holders(value: object) -> list:
    if isinstance(value, dict):
        return [value, *(inner for each in value.values() for inner in _holders(each))]
    if isinstance(value, list):
        return [value, *(inner for each in value[:20] for inner in _holders(each))]
    return []


def _bend(rng: np.random.Generator, holder: dict | list, key: str | int) -> None:
    strange = copy.deepcopy(STRANGE[rng.integers(len(STRANGE))])
    match rng.integers(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(key) + "s"] = holder.pop(key)
        case 2 if isinstance(holder, dict):
            holder[f"new{rng.integers(9)}"] = strange
        case 3:
            holder[key] = [holder[key]]
        case 4 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = holder[key] * float(rng.choice([-1, 0.5, 1e6, 1e30, math.nan]))
        case _:
            holder[key] = strange


def to_json(table: object) -> bytes:
    """With NaN and Infinity, as Python writes and reads them."""
    return json.dumps(table).encode("utf-8", "surrogatepass")


def to_toml(table: object) -> bytes:
    """A table of tables as TOML; what TOML has no word for is left as Python writes it, and is no TOML any more."""
    if not isinstance(table, dict):
        return str(table).encode("utf-8", "replace")
    return "\n".join(f"{_key(name)} = {_value(value)}" for name, value in table.items()).encode("utf-8", "replace")


def _key(name: str) -> str:
    return json.dumps(name)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else str(value)


def bent_arrays(rng: np.random.Generator, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by name after one to three changes of shape, type, numbers or name."""
    arrays = dict(arrays)
    for _ in range(rng.integers(1, 4)):
        name = str(rng.choice(list(arrays)))
        values = arrays.pop(name)
        match rng.integers(8):
            case 0:
                arrays[name + "s"] = values
            case 1:
                arrays[name] = values.astype(rng.choice(["f8", "i1", "U3", "c8", "?"]) if values.dtype.kind in "fiub" else "U1")
            case 2:
                arrays[name] = values.reshape(-1)[: rng.integers(values.size + 1)]
            case 3:
                arrays[name] = values[None]
            case 4 if values.dtype.kind == "f":
                arrays[name] = np.full_like(values, rng.choice([np.nan, np.inf, -6e4, 0]))
            case 5 if values.dtype.kind in "iu":
                arrays[name] = np.full_like(values, rng.choice([0, np.iinfo(values.dtype).max]))
            case 6:
                arrays[name] = values.T
            case _:
                pass
        if not arrays:
            break
    return arrays


def npz(arrays: dict[str, np.ndarray], lie: str = "") -> bytes:
    """An .npz; of the array `lie` the header promises a million million numbers."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            content = io.BytesIO()
            np.save(content, values)
            data = content.getvalue()
            if name == lie:
                shape = str(values.shape).encode()
                data = data.replace(shape, str((10**6, 10**6)).encode().ljust(len(shape)), 1)
            archive.writestr(name + ".npy", data)
    return file.getvalue()
