"""Time and memory of the main job from a cold process: python tests/benchmarks/speed.py."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = {
    "facetex --help": ["--help"],
    "facetex plugins": ["plugins"],
    "facetex run --example": ["run", "--example"],
    "facetex run --example --preset draft": ["run", "--example", "--preset", "draft"],
}


def main() -> None:
    """Prints seconds and peak memory of each, and the seconds of the stages."""
    for name, arguments in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            out = ["-o", f"{folder}/head", "--quiet"] if "run" in arguments else []
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run([sys.executable, "-m", "facetex_cli", *arguments, *out], check=True, capture_output=True)
            seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{name}: {seconds:.2f} s, {busy:.1f} s of processor, at most {after.ru_maxrss / 1e6:.2f} GB so far")
            record = Path(folder) / "head/facetex.json"
            if record.exists():
                print("   ", json.loads(record.read_text("utf-8"))["seconds"])


if __name__ == "__main__":
    main()
