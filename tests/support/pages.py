"""The pages of the docs and the commands on them."""

import re
from pathlib import Path
from textwrap import dedent

from places import ROOT

TEXTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, *languages: str) -> list[str]:
    """What stands in fences of these languages."""
    fences = re.findall(r"^ *```(\w*)\n(.*?)^ *```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [dedent(text) for language, text in fences if language in languages]
