"""Pictures of a GLB as its user sees it: in the three.js of facetex's own pages and in <model-viewer>.

By a Chromium without a window. Needs `npm ci` in tests/, and node. Nothing in it reaches the network.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import ClassVar

from browser import CHROMIUM, Browser
from places import ROOT, TESTS
from scene.shots import Shot

PAGES, LIBRARIES, OURS = Path(__file__).parent, TESTS / "node_modules", ROOT / "facetex_core" / "delivery" / "viewer"
VIEWERS = ("stage", "viewer")
READY = CHROMIUM is not None and (LIBRARIES / "@google" / "model-viewer").is_dir()


class Files(SimpleHTTPRequestHandler):
    """The pages, the libraries, and whatever file is shown."""

    extensions_map: ClassVar = {
        ".html": "text/html",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        "": "application/octet-stream",
    }

    def __init__(self, shown: dict[str, Path], *args: object) -> None:
        self.shown = shown
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        """Of an address."""
        folder, _, rest = path.lstrip("/").partition("/")
        roots = {"page": PAGES, "library": LIBRARIES, "facetex": OURS}
        return str(roots[folder] / rest if folder in roots else self.shown.get(folder, PAGES / "nothing"))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Stage:
    """One head at a time, in any viewer."""

    def __init__(self, browser: Browser, address: str, shown: dict[str, Path]) -> None:
        self.browser, self.address, self.shown = browser, address, shown
        self.at: dict[str, list[float]] = {}
        self.open: tuple[Path | None, str] = (None, "")

    def take(self, shot: Shot) -> Path:
        """The picture of a shot, written; what the page complains of is an error."""
        self._open(shot.glb, "stage" if self.open[0] != shot.glb else self.open[1])
        self._open(shot.glb, shot.viewer)
        self.browser.size(shot.view.side, shot.view.side)
        self.browser.run(f"window.show({shot.json(self.at)})")
        self._complain()
        part = shot.picture.with_suffix(".part")
        part.write_bytes(base64.b64decode(self.browser.ask("Page.captureScreenshot")["data"]))
        return part.replace(shot.picture)

    def _open(self, glb: Path, viewer: str) -> None:
        if self.open == (glb, viewer):
            return
        if self.open[1] != viewer:
            self.browser.open(f"{self.address}/page/{viewer}.html")
            self.browser.until("window.ready")
        self.shown[f"head{len(self.shown)}.glb"] = glb
        points = self.browser.run(f"window.open_head('/head{len(self.shown) - 1}.glb')")
        self._complain()
        self.at, self.open = points or self.at, (glb, viewer)

    def _complain(self) -> None:
        kinds = {"Runtime.exceptionThrown", "Log.entryAdded"}
        told = [event["params"] for event in self.browser.events if event.get("method") in kinds]
        wrong = [
            each for each in told if each.get("entry", {"level": "error"})["level"] == "error" and "favicon" not in str(each)
        ]
        self.browser.events.clear()
        assert not wrong, wrong


@contextmanager
def stage(panorama: Path) -> Iterator[Stage]:
    """A stage under a panorama (an equirectangular .hdr)."""
    shown = {"panorama.hdr": panorama}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, shown))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
            yield Stage(browser, f"http://127.0.0.1:{server.server_address[1]}", shown)
    finally:
        server.shutdown()
        server.server_close()
