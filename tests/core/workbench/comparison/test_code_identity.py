"""A result is made anew when any code that it may rest on has changed, however deep and however late that is imported."""

import json
import os
import shutil
import subprocess
import sys
import time
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from toy_distribution import declare
from toy_stages import write_toy_bank

import facetex_core
from facetex_core.registry import Offer
from facetex_core.workbench.comparison import code_identity
from facetex_core.workbench.comparison.code_identity import code_of, facetex_code

PLUGIN = {
    "deep/__init__.py": """
import os
from facetex_core import hookimpl
from deep.near import light
api_version = 2
class Deep:
    "Counts."
    def delight(self, view):
        from late import said
        with open(os.environ["FACETEX_COUNTS"], "a") as file:
            file.write(f"{light()} {said}\\n")
        return view.lit
@hookimpl
def delighters(): return {"deep": Deep}
""",
    "deep/near.py": "from deep.far import light\n",
    "deep/far.py": "def light(): return 'old'\n",
    "late.py": "said = 'before'\n",
}


@pytest.fixture
def plugin(toy):
    """A distribution of a package and a module, with a list of its files."""
    (toy / "deep").mkdir()
    for name, source in PLUGIN.items():
        (toy / name).write_text(source, "utf-8")
    declare(toy, "deep", {"deep": "deep"})
    (toy / "deep-1.0.dist-info" / "RECORD").write_text("".join(f"{name},,\n" for name in PLUGIN), "utf-8")
    return toy


@pytest.fixture
def compared(plugin, tmp_path, monkeypatch, root):
    """Compares with a copy of the core that can be edited; what the plugin has noted."""
    from facetex_cli.recipe_options import SHORT

    shutil.copytree(root / "facetex_core", plugin / "facetex_core", ignore=shutil.ignore_patterns("__pycache__"))
    counts, photo = tmp_path / "counts.txt", tmp_path / "me.png"
    counts.touch()
    monkeypatch.setenv("FACETEX_COUNTS", str(counts))
    Image.fromarray(np.full((96, 96, 3), 150, np.uint8)).save(photo)
    toys = [word for short, role in SHORT.items() if role not in ("exporter", "delighter") for word in (f"--{short}", "toy")]
    words = ["compare", photo, "-o", tmp_path / "out", *toys, "--delighter", "deep,toy", "--size", "256", "--device", "cpu"]

    def run():
        before = counts.read_text("utf-8")
        bank = write_toy_bank(tmp_path / "toy.bank")
        subprocess.run([sys.executable, "-m", "facetex_cli", *words, "--bank", bank, "-q"], check=True, cwd=tmp_path)
        return counts.read_text("utf-8").removeprefix(before)

    return run


def test_an_edited_helper_makes_the_work_anew_wherever_it_is_imported(plugin, compared):
    assert (compared(), compared()) == ("old before\n", "")
    (plugin / "deep" / "far.py").write_text("def light(): return 'new'\n", "utf-8")
    assert (compared(), compared()) == ("new before\n", "")
    (plugin / "late.py").write_text("said = 'afterwards'\n", "utf-8")
    assert (compared(), compared()) == ("new afterwards\n", "")
    with (plugin / "facetex_core" / "divide_light.py").open("a", encoding="utf-8") as file:
        file.write("# another word\n")
    assert (compared(), compared()) == ("new afterwards\n", "")


def fresh(offer):
    """As a new process would see it."""
    code_identity._code_of.cache_clear()
    return code_of(offer)


def offer_of(factory, origin="in-process"):
    return Offer("delighter", "deep", factory, "deep", origin)


def module_at(path, source):
    """The class `Deep` of a module that is in no list of modules, as of a file that was handed over."""
    path.write_text(source, "utf-8")
    module = ModuleType("nowhere")
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102  # as a loader does it
    return module.Deep


SINGLE = "class Deep:\n    def delight(self, texture, fit): return texture\n"


def test_of_a_file_that_was_handed_over_the_modules_beside_it_count(tmp_path):
    offer = offer_of(module_at(tmp_path / "plugin.py", SINGLE))
    first = fresh(offer)
    (tmp_path / "notes.txt").write_text("no code", "utf-8")
    assert fresh(offer) == first
    (tmp_path / "helper.py").write_text("x = 1\n", "utf-8")
    assert fresh(offer) != first


def test_of_a_plugin_installed_in_place_the_whole_project_counts(tmp_path, monkeypatch):
    project, site = tmp_path / "project", tmp_path / "site"
    for name in ("src/deep", "src/shared", ".venv/lib", "other"):
        (project / name).mkdir(parents=True)
    (project / "src" / "deep" / "__init__.py").write_text("", "utf-8")
    (project / "other" / "pyvenv.cfg").touch()
    site.mkdir()
    told = json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
    (declare(site, "deep", {"deep": "deep"}) / "deep-1.0.dist-info" / "direct_url.json").write_text(told, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    offer = offer_of(module_at(project / "src" / "deep" / "plugin.py", SINGLE), "deep 1.0")
    first = fresh(offer)
    (project / "src" / "gone.py").symlink_to("nowhere.py")
    for elsewhere in (".venv/lib/x.py", "other/x.py", "README.md"):
        (project / elsewhere).write_text("x = 1\n", "utf-8")
    assert fresh(offer) == first
    (project / "src" / "shared" / "helper.py").write_text("x = 1\n", "utf-8")
    second = fresh(offer)
    assert second != first
    (project / "src" / "deep" / "table.csv").write_text("1", "utf-8")
    assert fresh(offer) != second


def test_code_of_which_nothing_is_known_is_never_the_same_again():
    typed: dict[str, type] = {}
    exec("class Typed: pass", typed)  # noqa: S102  # as at a prompt
    offer = offer_of(typed["Typed"])
    assert code_of(offer) == code_of(offer)
    assert fresh(offer) != fresh(offer)


def test_large_files_count_by_size_and_time(plugin):
    offer, weights = offer_of(facetex_core.Photo, "deep 1.0"), plugin / "weights.bin"
    with (plugin / "deep-1.0.dist-info" / "RECORD").open("a", encoding="utf-8") as file:
        file.write("weights.bin,,\n")
    with weights.open("wb") as file:
        file.truncate(20 * code_identity.LARGE)
    first = fresh(offer)
    os.utime(weights, (1, 1))
    assert fresh(offer) != first


def test_the_hash_of_facetex_costs_little_and_covers_its_own_plugins():
    offer = facetex_core.Registry().find("delighter", "network")
    assert code_of(offer) == ""
    facetex_code.cache_clear()
    begin = time.process_time()
    facetex_code()
    assert time.process_time() - begin < 0.2
