"""What `facetex doctor` looks at: each check is a line with its state, and where it fails, its mend."""

import ctypes
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import facetex_model_zoo as zoo

from facetex_cli.device import missing_for_cuda
from facetex_cli.folders import refuse_unwritable
from facetex_cli.zoo import verified
from facetex_core.errors import ConfigError

MEMORY_GB = 4.0
"""What a run at 1024 stays under."""
DISK_GB = 0.5
"""Results of a dozen photos."""

LIBRARIES = {
    "libGL.so.1": ("libgl1", ("cv2", "open3d")),
    "libxcb.so.1": ("libxcb1", ("cv2",)),
    "libglib-2.0.so.0": ("libglib2.0-0", ("cv2",)),
    "libEGL.so.1": ("libegl1", ("open3d",)),
    "libX11.so.6": ("libx11-6", ("open3d",)),
    "libudev.so.1": ("libudev1", ("open3d",)),
    "libidn2.so.0": ("libidn2-0", ("open3d",)),
    "libgomp.so.1": ("libgomp1", ("open3d",)),
}
"""Shared library -> its package in Debian and Ubuntu, and who loads it: what `readelf -d` names in the wheels."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    group: str
    name: str
    state: Literal["ok", "note", "fails"]
    """`note`: worth knowing, nothing is broken."""
    found: str
    mend: str = ""


Checks = Iterator[Check]


def all_checks() -> tuple[tuple[str, Callable[[], Checks]], ...]:
    """Every group with its checks, cheap ones first."""
    return tuple((group.__name__, group) for group in (versions, imports, device, plugins, models, machine))


def versions() -> Checks:
    """facetex, Python, and every package that facetex names."""
    yield Check("versions", "facetex", "ok", version("facetex"))
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    mend = "" if fits else "use Python 3.11 or 3.12"
    yield Check("versions", "python", "ok" if fits else "fails", platform.python_version(), mend)
    for line in requires("facetex") or ():
        if "extra ==" in line:
            continue
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        try:
            yield Check("versions", name, "ok", version(name))
        except PackageNotFoundError:
            yield Check("versions", name, "fails", "not installed", f'pip install "{line}"')


def imports() -> Checks:
    """The packages with native code, and the system's libraries that they load."""
    failed = set()
    for name in ("numpy", "scipy", "cv2", "open3d", "onnxruntime", "torch"):
        error = _import_error(name)
        if error:
            failed.add(name)
        mend = "install the libraries below that are missing, or the package anew" if error else ""
        yield Check("imports", name, "fails" if error else "ok", error or "loads", mend)
    for library, (package, users) in LIBRARIES.items() if sys.platform == "linux" else ():
        yield _library(library, package, bool(failed & set(users)))


def _import_error(name: str) -> str:
    try:
        if name == "open3d":
            from facetex_core.geometry.raycast import open3d

            open3d()
        else:
            import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        return " ".join(str(error).split())
    return ""


def _library(library: str, package: str, missed: bool) -> Check:
    try:
        ctypes.CDLL(library)
    except OSError:
        mend = f"apt-get install {package}"
        return Check("imports", library, "fails" if missed else "note", "not on this system", mend if missed else "")
    return Check("imports", library, "ok", "found")


def device() -> Checks:
    """Where networks can run."""
    try:
        import onnxruntime

        yield Check("device", "ONNX Runtime", "ok", ", ".join(onnxruntime.get_available_providers()))
        missing = missing_for_cuda()
    except ImportError as error:
        missing = str(error)
    yield Check("device", "CUDA", "note" if missing else "ok", f"not used: {missing}" if missing else "can be used")


def plugins() -> Checks:
    """Every plugin loads."""
    from facetex_cli.plugins import quiet_registry

    registry = quiet_registry()
    yield Check("plugins", "loaded", "ok", str(sum(map(len, registry.offers.values()))))
    for name, error in registry.broken.items():
        yield Check("plugins", name, "fails", error, "update or uninstall the package that brings it")


def models() -> Checks:
    """Every model that ships is there with the right bytes; the others may be missing."""
    for name in zoo.model_names():
        found = verified(name)
        wrong = found.startswith(("missing", "damaged"))
        mend = "pip install --force-reinstall facetex" if zoo.row(name).ships else f"facetex zoo remove {name}, then add it"
        state: Literal["ok", "note", "fails"] = "fails" if wrong else "note" if found == "not installed" else "ok"
        yield Check("models", name, state, found, mend if wrong else "")


def machine() -> Checks:
    """Room on disk and in memory, and the user's folder."""
    yield _room("disk here", shutil.disk_usage(Path.cwd()).free / 1e9, DISK_GB, "free some, or choose another folder by -o")
    memory = available_memory()
    if memory is not None:
        yield _room("memory", memory / 1e9, MEMORY_GB, "close other programs, or use --preset draft")
    yield Check("machine", "processors", "ok", str(os.cpu_count()))
    try:
        refuse_unwritable(zoo.home())
    except ConfigError as error:
        yield Check("machine", "models' folder", "fails", str(error), "set FACETEX_HOME to a folder that can be written")
    else:
        yield Check("machine", "models' folder", "ok", f"{zoo.home()} can be written")


def _room(name: str, free: float, needed: float, mend: str) -> Check:
    enough = free >= needed
    return Check("machine", name, "ok" if enough else "fails", f"{free:.1f} GB free of {needed} needed", "" if enough else mend)


def available_memory() -> int | None:
    """Bytes that a new program may take; none where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
