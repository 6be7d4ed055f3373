"""Every command that the docs show does what they say: page by page, in one folder a page, on small maps."""

import glob
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from facetex_cli.main import main
from pages import TEXTS, blocks, relative
from PIL import Image
from places import ROOT
from skimage.data import astronaut

from facetex_core.lighting.environment import hdr_bytes

SMALLER = {
    "facetex run": "--size 256",
    "facetex compare": "--size 256",
    "facetex render": "--size 64",
    "facetex bank build": "--size 256",
    "facetex eval leave-one-out": "--size 256 --split left --synthesizer mirror",
}
"""What is said beside, so that a page takes seconds."""
NOT_HERE = {
    "--renderer cycles": "needs Blender",
    "facetex study report": "needs answers of people",
    "facetex plugins check": "needs the plugin installed",
    "facetex eval suite synthetic --cases 40": "needs minutes; with 4 cases the same page runs",
    "facetex eval suite heads": "needs the 40 heads",
    "facetex eval identity": "needs heads, a scan and people",
    "facetex eval depth": "needs heads with truth",
    "facetex eval benchmark": "needs data that are not free",
    "facetex eval likeness": "needs people",
    "facetex install": "changes the environment",
    "plugin mine.py": "needs a file of one's own",
    "--no-plugin facetex_ply": "needs the plugin installed",
    "pyramid.bank": "needs two banks; that of each is built on its own page",
}
"""Commands that other tests run, and why not these."""
ANSWERS = {
    r"--fitter (bfm|ict)|--descriptor vgg19": "is not installed",
    r"zoo pull": "FACETEX_OFFLINE",
    r"zoo add": "is no file",
    r"zoo remove": "is not installed",
}
"""What an install without licensed models and without a network answers, with exit code 2."""


def commands(path: Path) -> list[str]:
    """The page's commands but those that are for elsewhere."""
    lines = "\n".join(blocks(path, "console")).splitlines()
    mine = [line.removeprefix("$ ").split("  #")[0].strip() for line in lines if re.match(r"(\$ )?facetex ", line)]
    return [line for line in mine if not any(words in line for words in NOT_HERE)]


def words_of(line: str) -> list[str]:
    """As a shell would give them, with what makes the work small."""
    words = shlex.split(line)
    words = [found for word in words for found in (sorted(glob.glob(word)) if "*" in word else [word])]  # noqa: PTH207  # relative
    return [*words[1:], *next((more.split() for start, more in SMALLER.items() if line.startswith(start)), [])]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """What a reader has: photos, panoramas, folders of pictures, a grid."""
    folder = tmp_path_factory.mktemp("reader")
    face = Image.fromarray(astronaut())
    for name in ("me", "a", "b", "front", "left", "right"):
        face.save(folder / f"{name}.jpg", quality=95)
    Image.fromarray(np.full((200, 300, 3), 120, np.uint8)).save(folder / "landscape.jpg")
    for name in ("sunset", "studio"):
        (folder / f"{name}.hdr").write_bytes(hdr_bytes(np.full((16, 32, 3), 0.5, np.float32)))
    for name in ("photos", "renders"):
        (folder / name).mkdir()
        face.rotate(3 * (name == "renders")).save(folder / name / "one.png")
    grid = blocks(ROOT / "docs" / "reference" / "comparisons.md", "toml")[0]
    (folder / "grid.toml").write_text(grid.replace(', "pyramid.bank"', ""), "utf-8")
    return folder


@pytest.mark.parametrize("path", [path for path in TEXTS if commands(path)], ids=relative)
def test_the_commands_of_a_page_do_what_it_says(path, inputs, tmp_path, monkeypatch, capsys, request):
    lines = commands(path)
    here = tmp_path / "here"
    shutil.copytree(inputs, here)
    monkeypatch.chdir(here)
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FACETEX_OFFLINE", "1")
    if any("portraits" in line for line in lines):
        folder = request.getfixturevalue("shared") / "data" / "photos" / "bank"
        Path("portraits").mkdir()
        for photo in sorted(folder.glob("*.jpg"))[:3]:
            shutil.copy(photo, "portraits")
    if any(line.startswith("facetex render me") for line in lines):
        assert main(["run", "me.jpg", "--size", "256", "-o", "me", "--quiet"]) == 0
    for line in lines:
        answer = next((answer for pattern, answer in ANSWERS.items() if re.search(pattern, line)), None)
        code = main(words_of(line))
        said = capsys.readouterr()
        assert code == (2 if answer else 0), f"{line}\n{said.err}"
        assert (answer or "") in said.err, line
