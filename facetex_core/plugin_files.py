"""Plugins of this call: files of one's own that are loaded, and installed ones that are not.

The command line keeps both in the environment, which the processes that it starts inherit.
"""

import os
import sys
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from facetex_core.errors import ConfigError, PluginError

FILES = "FACETEX_PLUGIN_FILES"
"""Paths, separated as in PATH."""
LEFT_OUT = "FACETEX_NO_PLUGINS"
"""Names of entry points, separated by commas."""


def plugin_files() -> tuple[Path, ...]:
    """The files, in the order in which they were named."""
    return tuple(Path(text) for text in os.environ.get(FILES, "").split(os.pathsep) if text)


def left_out() -> frozenset[str]:
    """The entry points that are not loaded."""
    return frozenset(filter(None, os.environ.get(LEFT_OUT, "").split(",")))


def load_plugin_file(path: Path) -> ModuleType:
    """The file as a module, run once a process; what it raises is told in one line with its place."""
    name = f"facetex_file_{path.stem}_{sha256(os.fsencode(path)).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path) if path.suffix == ".py" and path.is_file() else None
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: a plugin file must end in .py")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if os.environ.get("FACETEX_STRICT_PLUGINS") == "1":
            raise
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
        told = next(iter(str(error).splitlines()), "")
        raise PluginError(f"{path.name}, line {line}: {type(error).__name__}: {told}") from None
    return module
