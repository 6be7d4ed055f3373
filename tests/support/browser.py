"""Chromium without a window, told what to do by the DevTools protocol through two pipes; tests skip where there is none.

The system's, or the one that `npm ci` puts into tests/.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

from places import TESTS

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
UNPACK = "import chromium from '@sparticuz/chromium'; console.log(await chromium.executablePath())"
SECONDS = 60
DESKTOP, PHONE = (1280, 800), (390, 844)


def _chromium() -> str | None:
    """Where it lies; the one of npm is unpacked on first use."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found or not (shutil.which("node") and (TESTS / "node_modules" / "@sparticuz").is_dir()):
        return found
    command = ["node", "--input-type=module", "--eval", UNPACK]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.returncode == 0 else None


CHROMIUM = _chromium()


class Browser:
    """One page; a context manager, which ends the browser. Nothing in it reaches the network."""

    def __init__(self, profile: Path) -> None:
        """`profile` is a folder of its own, where downloads arrive, too."""
        self.profile, self.count, self.rest = profile, 0, b""
        self.events: list[dict] = []
        asked, self.write = os.pipe()
        self.read, told = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
                   "--enable-unsafe-swiftshader", "--no-first-run", "--disable-background-networking",
                   "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe",
                   f"--user-data-dir={profile}", "--hide-scrollbars", "about:blank"]  # fmt: skip

        def pipes() -> None:
            """As Chromium wants them: commands from 3, answers to 4."""
            spare = (os.dup(asked), os.dup(told))
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [CHROMIUM or "", *options], preexec_fn=pipes, close_fds=True, pass_fds=(3, 4),  # noqa: PLW1509
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(asked)
        os.close(told)
        self.session = ""
        (target,) = (each for each in self.ask("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(profile))

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)
        os.close(self.read)
        os.close(self.write)

    def ask(self, method: str, **parameters: object) -> dict:
        """The result of one command."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self) -> dict:
        until = time.monotonic() + SECONDS
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], max(until - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            self.rest += os.read(self.read, 1 << 20)
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def size(self, width: int, height: int) -> None:
        """Of the window; narrow ones are phones, with touch."""
        phone = width < 600
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.ask("Emulation.setTouchEmulationEnabled", enabled=phone)

    def open(self, address: str) -> None:
        """Goes to a page, and waits until it is there; the same page is loaded anew."""
        self.ask("Page.navigate", url="about:blank")
        self.ask("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, source: str) -> object:
        """What an expression of JavaScript gives."""
        given = self.ask("Runtime.evaluate", expression=source, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in given, given
        return given["result"].get("value")

    def until(self, source: str) -> None:
        """Waits for an expression to be true."""
        until = time.monotonic() + SECONDS
        while not self.run(source):
            assert time.monotonic() < until, source
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """A key, down and up."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "1": 49, "2": 50}[key]
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "", windowsVirtualKeyCode=code
            )

    def tap(self, selector: str) -> None:
        """A finger on the middle of an element."""
        box = "(({ left, top, width, height }) => [left + width / 2, top + height / 2])"
        x, y = self.run(f"{box}(document.querySelector({selector!r}).getBoundingClientRect())")
        self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, path: Path) -> Path:
        """What is seen, as PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))
        return path

    def complaints(self) -> list[str]:
        """Errors that the page or the browser logged so far, and addresses that were asked for beyond the page itself."""
        self.ask("Runtime.evaluate", expression="0")
        said = [each["params"] for each in self.events if each.get("method") == "Runtime.exceptionThrown"]
        logged = [each["params"]["entry"]["text"] for each in self.events if each.get("method") == "Log.entryAdded"]
        sent = [each["params"]["request"]["url"] for each in self.events if each.get("method") == "Network.requestWillBeSent"]
        strange = [url for url in sent if not url.startswith(("file:", "data:", "about:", "blob:"))]
        return [*map(str, said), *logged, *strange]
