"""Reads the state dict of a .pth file, of torch's zip or the form before it, without torch and without running anything."""

import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from facetex_model_zoo.pickle_machine import Machine, Name
from jaxtyping import Float32

from facetex_core.io.archive import zip_members
from facetex_core.io.declared import Allowance, read_file

STORAGES = {
    "torch.DoubleStorage": "<f8", "torch.FloatStorage": "<f4", "torch.HalfStorage": "<f2", "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4", "torch.ShortStorage": "<i2", "torch.CharStorage": "i1", "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}  # fmt: skip
"""numpy's names of what torch's storages hold."""
OLD = 0x1950A86A20F9469CFC6C
"""With which the form before the zip begins."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers one after the other; they lie outside of the pickle."""

    dtype: np.dtype
    key: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where in a storage the numbers of a tensor lie."""

    storage: Storage
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class StateDict:
    """The tensors of a file by name."""

    def __init__(self, tensors: dict[str, Tensor], contents: dict[str, bytes], allowance: Allowance) -> None:
        self.tensors, self.contents, self.allowance = tensors, contents, allowance

    def tensor(self, name: str) -> Float32[np.ndarray, "..."]:
        """A tensor's numbers in single precision; what does not fit its storage is a ValueError."""
        tensor = self.tensors[name]
        dtype, content = tensor.storage.dtype, self.contents[tensor.storage.key]
        shape = self.allowance.array(tensor.shape, 4)
        # numpy's own check can overflow, and then it reads beyond the end.
        last = tensor.start + sum(max(side - 1, 0) * step for side, step in zip(shape, tensor.strides, strict=True))
        if min((tensor.start, *tensor.strides)) < 0 or (last + 1) * dtype.itemsize > len(content):
            raise ValueError(f"{name} lies outside of its storage")
        steps = [step * dtype.itemsize for step in tensor.strides]
        return np.ndarray(shape, dtype, content, tensor.start * dtype.itemsize, steps).astype(np.float32)


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a file by name; what is none is a ValueError, LookupError or an error of zipfile's."""
    data = read_file(path)
    allowance = Allowance(len(data))
    found, contents = _zipped(data, allowance) if data.startswith(b"PK") else _old(data)
    tensors = {name: value for name, value in found.items() if isinstance(value, Tensor)} if isinstance(found, dict) else {}
    return StateDict(tensors, contents, allowance)


def _zipped(data: bytes, allowance: Allowance) -> tuple[object, dict[str, bytes]]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members = {name.partition("/")[2]: content for name, content in zip_members(archive, allowance)}
    if members.get("byteorder", b"little") != b"little":
        raise ValueError("its numbers are in the other byte order")
    contents = {name.removeprefix("data/"): content for name, content in members.items() if name.startswith("data/")}
    return _Reader(members["data.pkl"]).run(), contents


def _old(data: bytes) -> tuple[object, dict[str, bytes]]:
    """A number, a version, sizes of the writer's machine, the state dict, and keys, each pickled; then the storages."""
    at, parts = 0, []
    storages: dict[str, Storage] = {}
    for _ in range(5):
        reader = _Reader(data, at)
        parts.append(reader.run())
        at, storages = reader.at, storages | reader.storages
    if parts[0] != OLD or not isinstance(parts[4], list) or not all(isinstance(key, str) for key in parts[4]):
        raise ValueError("it does not begin as files of torch do")
    contents = {}
    for key in parts[4]:
        (count,) = struct.unpack_from("<q", data, at)
        size = count * storages[key].dtype.itemsize
        if not 0 <= size <= len(data) - at - 8:
            raise ValueError("it ends too early")
        contents[key] = data[at + 8 : at + 8 + size]
        at += 8 + size
    return parts[3], contents


class _Reader(Machine):
    """Knows the names that state dicts have."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        super().__init__(data, at)
        self.storages: dict[str, Storage] = {}

    def knows(self, name: str) -> bool:
        return name in STORAGES or name in _MAKERS

    def make(self, name: str, arguments: tuple[Any, ...]) -> object:
        return _MAKERS[name](self, *arguments)

    def stored(self, place: object) -> Storage:
        """A storage, by its kind and key."""
        match place:
            case ("storage", Name(kind), str(key), *_):
                return self.storages.setdefault(key, Storage(np.dtype(STORAGES[kind]), key))
        raise TypeError("it refers to something that is no storage")


def _tensor(_: Machine, storage: Storage, start: int, shape: tuple[int, ...], strides: tuple[int, ...], *__: object) -> Tensor:
    """What is not a place in a storage is a TypeError."""
    whole = all(isinstance(number, int) for number in (start, *shape, *strides))
    if not isinstance(storage, Storage) or not whole or len(shape) != len(strides):
        raise TypeError("a tensor that is none")
    return Tensor(storage, start, shape, strides)


_MAKERS: dict[str, Callable[..., object]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": lambda _, data, *__: data,
    "collections.OrderedDict": Machine.dictionary,
}
