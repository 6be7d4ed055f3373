"""`facetex --help` beside `python -c pass`, alone and among twenty plugins: python tests/benchmarks/light_start.py

Of the twenty one is broken, one sleeps for five seconds when it is imported, and one brings a command. Seconds by the clock,
the three in turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from toy_distribution import declare, install_module

ROUNDS = 25
HELP = "import sys; from facetex_cli.main import main; sys.exit(main())"
HOOK = "from facetex_core import hookimpl\n@hookimpl\ndef detectors(): return {{'crowd-{}': object}}\n"


def install_crowd(site: Path) -> None:
    """Twenty distributions."""
    for number in range(17):
        install_module(site, f"crowd_{number}", HOOK.format(number))
    declare(site, "crowd-command", {}, {"measure": "nowhere:command"})
    install_module(site, "crowd_broken", "raise RuntimeError('out of order')")
    install_module(site, "crowd_asleep", "import time\ntime.sleep(5)\n")


def seconds(words: list[str], site: str = "") -> float:
    """From the start of the process to its end."""
    begin = time.perf_counter()
    command, environment = [sys.executable, "-c", *words], {**os.environ, "PYTHONPATH": site}
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> None:
    """Prints least, middle and 90 % of each."""
    with tempfile.TemporaryDirectory() as site:
        install_crowd(Path(site))
        ways = {
            "python -c pass": (["pass"], ""),
            "facetex --help": ([HELP, "--help"], ""),
            "facetex --help, twenty plugins": ([HELP, "--help"], site),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (words, where) in ways.items():
                taken[name].append(seconds(words, where))
    print(f"{'seconds':32}{'least':>8}{'median':>8}{'90 %':>8}")
    for name, values in taken.items():
        print(f"{name:32}{min(values):8.3f}{statistics.median(values):8.3f}{statistics.quantiles(values, n=10)[-1]:8.3f}")


if __name__ == "__main__":
    main()
