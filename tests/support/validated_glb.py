"""A GLB under the validator of Khronos."""

import json
import shutil
import subprocess

from places import SUPPORT, TESTS


def validated(path):
    """The Khronos validator's messages; none where it is not there."""
    if not (shutil.which("node") and (TESTS / "node_modules" / "gltf-validator").is_dir()):
        return None
    report = subprocess.run(["node", str(SUPPORT / "validate_glb.mjs"), str(path)], capture_output=True, text=True, check=True)
    return json.loads(report.stdout)["messages"]
