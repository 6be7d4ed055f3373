"""`python -m facetex_cli`."""

import sys

from facetex_cli.main import console

sys.exit(console())
