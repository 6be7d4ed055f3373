"""The files of a comparison without what is measured by the clock: what has to be the same to the byte every time."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

MEASURED = ("seconds", "memory_mb")


def unmeasured(folder: Path) -> dict[str, bytes]:
    """By name: the seconds and megabytes of compare.json, .csv and .html are left out, variants.glb is as it is."""
    record = json.loads((folder / "compare.json").read_text("utf-8"))
    assert record.pop("measured")
    rows = list(csv.DictReader(StringIO((folder / "compare.csv").read_text("utf-8"))))
    kept = [{name: value for name, value in row.items() if name not in MEASURED} for row in rows]
    page = (folder / "compare.html").read_text("utf-8")
    page, blanked = re.subn(r'(<script [^>]*id="measured">).*?(</script>)', r"\1\2", page)
    assert blanked == 1
    glb = (folder / "variants.glb").read_bytes()
    return {"json": json.dumps(record).encode(), "csv": json.dumps(kept).encode(), "html": page.encode(), "glb": glb}
