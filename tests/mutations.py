"""How many small mutations the tests notice: python tests/mutations.py --count 200 --seed 0

Draws lines of what ships, puts one mutation of cosmic-ray's in each (another operator, a number that is one off, a condition
turned round), and runs the tests that cover the line, in a copy of the repository. `make coverage` notes first which tests
cover which line. Prints a line a mutation: its number, where, which, what the line says now, and the test that noticed it or
SURVIVED. A line that no test covers survives. The same seed draws the same mutations; `--only 3,17` tries some of them again.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
from drawn_mutations import Mutation, drawn
from near_tests import COVERAGE, SECONDS, Covered
from places import ROOT

from facetex_core.geometry.raycast import open3d

LARGE = ("torch", "cv2", "scipy.spatial", "onnxruntime", "skimage", "h5py", "beartype", "pytest")
"""Packages that every fork finds loaded."""
QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore:Module already imported")
LATE = 124
"""The code of tests that took longer."""


def copied(folder: Path) -> Path:
    """A copy of the repository, in which nothing that git ignores is."""
    listed = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    if (ROOT / "tests" / "node_modules").is_dir():
        (folder / "tests" / "node_modules").symlink_to(ROOT / "tests" / "node_modules")
    return folder


def load() -> None:
    """What all forks share: packages of others, nothing of what ships."""
    for name in LARGE:
        import_module(name)
    open3d()


def pytest(copy: Path, words: list[str], patience: float | None = None) -> tuple[int, str]:
    """Runs tests of the copy on the code of the copy, in a fork that has the large packages: its code, what it says."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as said:
        process = get_context("fork").Process(target=_test, args=(copy, words, said.name))
        process.start()
        process.join(patience)
        late = process.is_alive()
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)  # what the tests started goes too
        process.join()
        return LATE if late else process.exitcode or 0, said.read()


def _test(copy: Path, words: list[str], said: str) -> None:
    os.setsid()
    for number, name in enumerate((os.devnull, said, said)):
        os.dup2(os.open(name, os.O_RDWR), number)
    os.chdir(copy)
    paths = [str(copy), *(str(copy / folder) for folder in ("plugins", "model_zoo", "cli"))]
    sys.path[:0] = paths
    shared = os.environ.get("FACETEX_SHARED") or str(ROOT.parent / "shared")
    os.environ.update(PYTHONPATH=os.pathsep.join(paths), FACETEX_SHARED=shared, PYTHONDONTWRITEBYTECODE="")
    sys.dont_write_bytecode = False
    for name, file in [(name, str(getattr(module, "__file__", ""))) for name, module in sys.modules.items()]:
        if str(ROOT) in file and "site-packages" not in file:  # an environment may lie in the repository
            del sys.modules[name]
    sys.modules["__main__"] = tests = import_module("pytest")  # what a test spawns begins there, too
    sys.exit(int(tests.main([*QUIET, *words])))


def put(file: Path, source: str) -> None:
    """Writes a module, and forgets what was compiled of it: two versions may have one length and one time."""
    file.write_text(source, "utf-8")
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()


@contextmanager
def put_into(copy: Path, mutation: Mutation) -> Iterator[None]:
    """The copy has the mutation within, and afterwards no more."""
    before = (copy / mutation.path).read_text("utf-8")
    put(copy / mutation.path, mutation.source())
    try:
        yield
    finally:
        put(copy / mutation.path, before)


def failing(copy: Path, tests: list[str], patience: float) -> str:
    """The test that fails, or nothing."""
    code, said = pytest(copy, ["-x", "--tb=no", "-rfE", *tests], patience)
    if code == LATE:
        return "the time that it takes"
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", said, re.MULTILINE)
    return (failed[1] if failed else "the end of the process") if code else ""


def noticed(copy: Path, mutation: Mutation, covered: Covered) -> str:
    """By which test."""
    with put_into(copy, mutation):
        answers = (failing(copy, tests, covered.patience(tests)) for tests in covered.of(mutation))
        return next(filter(None, answers), "")


def described(mutation: Mutation) -> str:
    """Where, which, and what the line is now."""
    return f"{mutation.path}:{mutation.line} {mutation.operator} `{mutation.source().splitlines()[mutation.line - 1].strip()}`"


def tried(mutations: dict[int, Mutation]) -> Iterator[bool]:
    """Prints each as it comes."""
    with tempfile.TemporaryDirectory(prefix="facetex-mutations-") as folder:
        copy = copied(Path(folder))
        load()
        covered = Covered(set(pytest(copy, ["--collect-only"])[1].splitlines()))
        for number, mutation in mutations.items():
            by = noticed(copy, mutation, covered)
            print(number, described(mutation), f"noticed by {by}" if by else "SURVIVED", flush=True)
            yield bool(by)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="How many small mutations the tests notice.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=lambda text: list(map(int, text.split(","))), help="numbers of mutations to try again")
    words = parser.parse_args()
    if not (COVERAGE.is_file() and SECONDS.is_file()):
        print("error: no file says which test covers which line; `make coverage` writes it", file=sys.stderr)
        return 2
    mutations = dict(enumerate(drawn(words.count, words.seed)))
    answers = list(tried({number: mutations[number] for number in words.only or mutations}))
    print(f"{sum(answers)} of {len(answers)} noticed ({sum(answers) / max(len(answers), 1):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
