"""Where the photos, scans and teachers lie: in FACETEX_SHARED, or in `shared` beside the repository."""

import os
from pathlib import Path

DATA = Path(os.environ.get("FACETEX_SHARED", Path(__file__).parents[2] / "../shared")) / "data"
