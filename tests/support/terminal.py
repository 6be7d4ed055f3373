"""A command on a terminal."""

import os
import subprocess
import sys
import time


def on_a_terminal(words: list[str]) -> str:
    """What the command writes on stderr where that is a terminal."""
    import pty
    import termios

    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-c", "import sys; from facetex_cli.main import main; sys.exit(main())", *words]
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            part = os.read(mine, 4096)
        except OSError:  # the other end is closed
            break
        seen += part
        if not part:
            break
    os.close(mine)
    assert process.wait(60) == 0, seen
    return seen.decode("utf-8", "replace")
