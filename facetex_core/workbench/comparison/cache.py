"""Work by content: what a stage made of the same input, with the same options and models, is read instead of made.

    key = SHA-256(versions, facetex's code; plugin, its options and code | function; every input)

A file holds what was made, how long it took, which model files it rests on and what was warned of. It gets its name when it
is whole, and carries its own SHA-256, so a killed process leaves nothing that is taken for a result.
"""

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from facetex_core.boundary import Made, Taken
from facetex_core.delivery.record import versions
from facetex_core.errors import ModelError, PluginError
from facetex_core.io.atomic import write_whole
from facetex_core.listeners import collecting, warn
from facetex_core.structures import MorphableModel
from facetex_core.workbench.comparison.cache_folder import Bounded, forget_older, limit
from facetex_core.workbench.comparison.code_identity import facetex_code
from facetex_core.workbench.comparison.codec import Codec, Packed

FORMAT = 2
"""Of the files; those of an older format are removed."""
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@runtime_checkable
class Models(Protocol):
    """What the cache asks the zoo."""

    def recording(self) -> AbstractContextManager[dict[str, Path]]:
        """Notes every model file that is asked for inside."""

    def place_of(self, name: str) -> Path:
        """Where a model's file belongs; a name that is not known is a ModelError."""


@dataclass(slots=True)
class Cost:
    """Filled in when the work is done."""

    seconds: float = 0.0
    """By the clock."""
    grown_mb: float | None = None
    """Most memory that was resident during the work, less what was before it; none where the system does not tell."""


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A result that was asked for, with what it cost when it was made."""

    name: str
    """Role of the stage, or name of the function."""
    effort: Cost


@dataclass(frozen=True, eq=False, slots=True)
class _Stage:
    name: str
    identity: object
    stage: object
    """Held, so that its id stays its own."""
    models: dict[str, Path]
    """Files it has asked for so far; many are opened at the first call only."""


class Cache:
    """Does work once: `once` goes where a pipeline asks for one."""

    def __init__(self, folder: Path, models: Models) -> None:
        self.folder = folder / str(FORMAT)
        forget_older(folder, FORMAT)
        self._bounded = Bounded(self.folder, limit())
        self.made: Counter[str] = Counter()
        """How often what was really done, by name."""
        self.uses: list[CacheHit] = []
        """Every result that was asked for, in order; whoever reads it may empty it."""
        self.models: dict[str, str] = {}
        """SHA-256 of all model files that these results rest on, by name."""
        self._zoo = models
        self._codec = Codec(self._read_model)
        self._code = (versions(), facetex_code())
        self._stages: dict[int, _Stage] = {}
        self._hashes: dict[Path, str] = {}

    def know(self, stage: object, name: str, identity: object, models: Mapping[str, Path]) -> None:
        """What a stage is called, what tells it from others (JSON), and the model files that it was made with."""
        self._stages[id(stage)] = _Stage(name, identity, stage, dict(models))

    def once(self, work: Callable[Taken, Made], *given: Taken.args, **named: Taken.kwargs) -> Made:
        """What a stage's verb or a function makes of what it is given."""
        stage = self._stages.get(id(getattr(work, "__self__", self))) or _function(work)
        if stage is None:
            return work(*given, **named)
        packed = self._codec.pack([self._code, stage.identity, given, named])
        path = self.folder / f"{packed.digest}.{stage.name}"
        found = self._read(path)
        if found is None:
            found = self._make(path, stage, lambda: work(*given, **named))
            self.made[stage.name] += 1
        else:
            for line in found[1]["warnings"]:
                warn(line)
        value, about = found
        self.uses.append(CacheHit(stage.name, Cost(about["seconds"], about["grown_mb"])))
        self.models.update(about["models"])
        return cast("Made", value)  # the codec unpacks what was packed

    def _make(self, path: Path, stage: _Stage, work: Callable[[], object]) -> tuple[Any, dict[str, Any]]:
        with collecting() as said, self._zoo.recording() as asked, measured() as effort:
            value = work()
        stage.models.update(asked)
        try:
            packed = self._codec.pack(value)
        except TypeError as error:
            raise PluginError(f"what {stage.name} made cannot be cached: {error}") from None
        about = {
            "seconds": effort.seconds,
            "grown_mb": effort.grown_mb,
            "models": {name: self._hash(place) for name, place in sorted(stage.models.items())},
            "warnings": said,
        }
        for digest in packed.models:
            self._keep_model(digest)
        self._write(path, about, packed)
        return self._codec.unpack(packed), about

    def _read(self, path: Path) -> tuple[Any, dict[str, Any]] | None:
        """What is kept there; none where it is missing, damaged, or rests on a model file that has changed since."""
        opened = _opened(path)
        if opened is None or not self._hold(opened[0]["models"]):
            return None
        for used in (path, *(self._model_file(digest) for digest in opened[1].models)):
            self._bounded.use(used)
        try:
            return self._codec.unpack(opened[1]), opened[0]
        except LookupError:  # the morphable model that it is about is gone
            return None

    def _hold(self, models: Mapping[str, str]) -> bool:
        try:
            return all(self._hash(self._zoo.place_of(name)) == digest for name, digest in models.items())
        except (ModelError, OSError):
            return False

    def _hash(self, path: Path) -> str:
        """Of a model file, read once in a process."""
        if path not in self._hashes:
            with path.open("rb") as file:
                self._hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[path]

    def _model_file(self, digest: str) -> Path:
        return self.folder / f"{digest}.model"

    def _keep_model(self, digest: str) -> None:
        path = self._model_file(digest)
        if not path.exists():
            self._write(path, {}, self._codec.pack_model(self._codec.models[digest]))

    def _write(self, path: Path, about: Mapping[str, object], packed: Packed) -> None:
        content = _sealed(about, packed)
        write_whole(path, content)
        self._bounded.take_in(path, len(content))

    def _read_model(self, digest: str) -> MorphableModel:
        opened = _opened(self._model_file(digest))
        if opened is None:
            raise LookupError(digest)
        return cast("MorphableModel", self._codec.unpack(opened[1]))


def _function(work: Any) -> _Stage | None:  # noqa: ANN401  # any callable
    """A function of the core is told by its name; of any other nothing is known that would tell it from a second one."""
    if getattr(work, "__module__", "").split(".")[0] != "facetex_core" or hasattr(work, "__self__"):
        return None
    return _Stage(work.__name__, f"{work.__module__}.{work.__qualname__}", work, {})


def _sealed(about: Mapping[str, object], packed: Packed) -> bytes:
    """SHA-256 of the rest; a line of JSON; the arrays one after the other as numpy saves them."""
    file = BytesIO()
    head = {"about": about, "tree": packed.tree, "arrays": len(packed.arrays)}
    file.write(json.dumps(head).encode("utf-8") + b"\n")
    for array in packed.arrays:
        np.save(file, array, allow_pickle=False)
    return hashlib.sha256(file.getbuffer()).digest() + file.getvalue()


def _opened(path: Path) -> tuple[dict[str, Any], Packed] | None:
    """What `_sealed` made; a damaged file is removed."""
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return None
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        path.unlink(missing_ok=True)
        return None
    file = BytesIO(content[32:])
    head = json.loads(file.readline())
    return head["about"], Packed(head["tree"], [np.load(file, allow_pickle=False) for _ in range(head["arrays"])])


@contextmanager
def measured() -> Iterator[Cost]:
    """Measures what is done inside."""
    effort, before = Cost(), _resident_mb("VmRSS")
    with_peak = before is not None and _forget_peak()
    begin = time.perf_counter()
    yield effort
    effort.seconds = time.perf_counter() - begin
    peak = _resident_mb("VmHWM") if with_peak else None
    if peak is not None and before is not None:
        effort.grown_mb = max(peak - before, 0.0)


def _resident_mb(what: str) -> float | None:
    try:
        found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text("ascii"))
    except OSError:
        return None
    return int(found[1]) / 1000 if found else None


def _forget_peak() -> bool:
    """Linux then counts the peak from now on."""
    try:
        _RESET.write_text("5", "ascii")
    except OSError:
        return False
    return True
