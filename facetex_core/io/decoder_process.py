"""Decoders of native code in a process of their own: what they print is not seen, and a crash is one line.

Such libraries write to file descriptor 2, which belongs to the whole process: silencing it would silence every other thread.
"""

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Shaped

from facetex_core import errors
from facetex_core.listeners import collecting, warn

SECONDS = 120
"""After which a decoder is ended; the largest photo that is opened takes some ten."""
MEMORY = 8 * 2**30
"""Bytes of addresses that a decoder may use, where the system can hold it to that; the largest photo takes half."""

Decoded = Shaped[np.ndarray, "..."]


def decode_apart(decode: Callable[[Path], Decoded], path: Path, refused: type[errors.FacetexError]) -> Decoded:
    """What `decode`, a function of a module, makes of the file: it warns and refuses as if it ran here."""
    with TemporaryDirectory(prefix="facetex-") as folder:
        words = [f"{decode.__module__}:{decode.__name__}", str(path), folder]
        reason = _run(words)
        pixels, report = Path(folder, "pixels.npy"), Path(folder, "report.json")
        if reason or not report.is_file():
            raise refused(f"{path.name}: cannot be decoded ({reason or 'nothing came back'})")
        told = json.loads(report.read_text("utf-8"))
        for line in told["warnings"]:
            warn(line)
        if told["error"]:
            name, text = told["error"]
            raise getattr(errors, name)(text)
        return np.asarray(np.load(pixels))


def _run(words: list[str]) -> str:
    """Why the child failed; nothing if it did not."""
    ours = str(Path(__file__).parents[1])
    source = f"import sys; sys.path.append({ours!r}); from {__name__} import serve; serve()"
    surroundings = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # each thread takes memory, and none is used
    command = [sys.executable, "-P", "-c", source, *words]
    try:
        ended = subprocess.run(
            command, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS} s"
    if ended.returncode < 0:
        return f"the decoder crashed: {signal.strsignal(-ended.returncode)}"
    lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    return " ".join(lines[-1:]) or f"it ended with {ended.returncode}" if ended.returncode else ""


def serve() -> None:
    """The child: decodes, and leaves pixels.npy and report.json in the folder."""
    where, path, folder = sys.argv[1:]
    warnings.simplefilter("ignore")  # the decoders' remarks; what matters is an error
    _bound_memory()
    module, name = where.split(":")
    decode, error = getattr(import_module(module), name), None
    with collecting() as lines:
        try:
            np.save(Path(folder, "pixels.npy"), decode(Path(path)))
        except errors.FacetexError as refusal:
            error = (type(refusal).__name__, str(refusal))
    Path(folder, "report.json").write_text(json.dumps({"warnings": lines, "error": error}), "utf-8")


def _bound_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # there is no such module everywhere, and a lower bound may be set
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
