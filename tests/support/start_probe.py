"""Which heavy packages a command loads."""

import subprocess
import sys

HEAVY = ("torch", "onnxruntime", "cv2", "open3d", "skimage", "scipy", "onnx", "PIL", "h5py", "pygltflib", "jinja2")

PROBE = f"""
import sys
try:
    from facetex_cli.main import main
    code = main(sys.argv[1:])
finally:
    print("loaded:", *sorted(set(sys.modules) & set({HEAVY!r})))
sys.exit(code)
"""


def probe(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=False)


def loaded(*words: str) -> list[str]:
    """The heavy packages that a command has loaded."""
    result = probe(*words)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1].removeprefix("loaded:").split()
