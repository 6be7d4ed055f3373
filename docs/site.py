"""The site's own pages: the models' cards join the docs, and links to code lose their address (the site has no code)."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
CARDS = "model_zoo/cards"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The cards as pages, and one that lists them."""
    cards = sorted((ROOT / CARDS).glob("*.md"))
    for card in cards:
        files.append(File.generated(config, f"cards/{card.name}", abs_src_path=str(card)))
    titles = [(card.name, card.read_text("utf-8").split("\n")[0].removeprefix("# ")) for card in cards]
    listed = "\n".join(f"- [{title}]({name})" for name, title in titles)
    files.append(
        File.generated(
            config, "cards/README.md", content=f"# Model cards\n\nWhat ships, and what it learned from.\n\n{listed}\n"
        )
    )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # mkdocs' signature
    """Links to cards go to their pages; links to what the site does not hold become plain words."""
    here = posixpath.dirname(page.file.src_uri)
    place = CARDS if here == "cards" else posixpath.join("docs", here)

    def mend(match: re.Match[str]) -> str:
        words, link, anchor = match.groups(default="")
        target = posixpath.normpath(posixpath.join(place, link))
        inside = target.removeprefix("docs/") if target.startswith("docs/") else target.replace(CARDS, "cards")
        if not files.get_file_from_path(inside):
            return words
        return f"[{words}]({posixpath.relpath(inside, here or '.')}{anchor})"

    return re.sub(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)", mend, markdown)
