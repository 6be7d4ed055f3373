"""Help comes at once: no heavy package is loaded to list names."""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from start_probe import HEAVY, loaded, probe
from toy_distribution import declare, install_module

SECONDS = 0.2
"""Of one processor, the interpreter's own start with it. The best of five counts: other programs may be at work."""

LIBRARIES = "import importlib.metadata, click, jaxtyping, msgspec, numpy, pluggy"
"""What `facetex plugins` cannot do without. The whole command may take twice as long; alone on a machine it takes 1.6 times."""

ASLEEP = 5
"""Seconds for which one of twenty plugins sleeps when it is imported."""


HEAD = "from facetex_core import hookimpl\napi_version = 2\n"


COMMAND = "import sys; from facetex_cli.main import main; sys.exit(main())"


def seconds(*words: str, source: str = COMMAND, bytecode: Path | None = None) -> float:
    """Processor time of the whole process. `bytecode` is a folder where compiled modules are kept, as on a user's machine."""
    environment = dict(os.environ)
    if bytecode is not None:
        environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(bytecode)}
    process = subprocess.Popen([sys.executable, "-c", source, *words], stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.fixture
def crowd(toy: Path) -> Path:
    """Twenty plugins of strangers: one is broken, one sleeps for five seconds when it is imported, one brings a command."""
    for number in range(16):
        source = f"{HEAD}@hookimpl\ndef detectors(): return {{'crowd-{number}': object}}\n"
        install_module(toy, f"crowd_{number}", source)
    declare(toy, "crowd-command", {}, {"measure": "crowd_asleep:command"})
    install_module(toy, "crowd_broken", "raise RuntimeError('out of order')")
    install_module(toy, "crowd_asleep", f"import time\ntime.sleep({ASLEEP})\n")
    return toy


COMMANDS = [
    ["--help"],
    ["--version"],
    ["plugins"],
    ["plugins", "show", "basis"],
    ["plugins", "check", "--help"],
    ["plugins", "new", "--help"],
    ["zoo", "list"],
    ["run", "--help"],
    ["compare", "--help"],
    ["render", "--help"],
    ["eval", "leave-one-out", "--help"],
    ["study", "make", "--help"],
    ["bank", "build", "--help"],
    ["doctor", "--help"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nothing_heavy_is_loaded(words):
    assert loaded(*words) == []


def test_the_look_sees_what_a_plugin_loads(toy):
    source = f"import scipy\n{HEAD}@hookimpl\ndef detectors(): return {{'heavy': object}}\n"
    install_module(toy, "heavy_plugin", source)
    assert loaded("--help") == []
    assert "scipy" in loaded("plugins")


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4, which tells a child's processor time")
def test_the_help_takes_less_than_it_may():
    assert min(seconds("--help") for _ in range(5)) < SECONDS


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4, which tells a child's processor time")
def test_the_list_of_plugins_takes_little_more_than_its_libraries(tmp_path):
    pairs = [(seconds("plugins", bytecode=tmp_path), seconds(source=LIBRARIES, bytecode=tmp_path)) for _ in range(9)]
    assert median(plugins / libraries for plugins, libraries in pairs) < 2


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4, which tells a child's processor time")
def test_help_comes_as_quickly_among_twenty_plugins(crowd):
    assert len(list(crowd.glob("*.dist-info"))) == 20
    begin = time.monotonic()
    assert min(seconds("--help") for _ in range(5)) < SECONDS
    assert time.monotonic() - begin < 5 * ASLEEP  # who imports the sleeper waits longer, on any machine


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["plugins"]], ids=" ".join)
def test_a_broken_plugin_takes_nothing_down(toy, words):
    install_module(toy, "broken_plugin", "raise SystemExit('broken beyond repair')")
    result = probe(*words)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert ("broken beyond repair" in result.stdout) == (words == ["plugins"])


def test_no_plugin_module_imports_a_heavy_package_at_its_head(root: Path):
    for folder in ("facetex_core", "plugins/facetex_plugins", "model_zoo/facetex_model_zoo", "cli/facetex_cli"):
        for path in (root / folder).rglob("*.py"):
            lines = path.read_text("utf-8").splitlines()
            heads = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
            assert not heads & set(HEAVY), path.relative_to(root)
