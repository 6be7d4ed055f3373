"""Builds the bank that ships with facetex: `facetex bank build` on photos/bank, and nothing else.

The report shows the portraits, so it stays in the working folder.
"""

import shutil
import sys
from pathlib import Path

import click
from facetex_cli.main import main as facetex

from training.common.data import DATA

OUT = Path(__file__).parents[2] / "facetex_model_zoo/files/default.bank"


@click.command()
@click.option("--photos", type=click.Path(path_type=Path), default=DATA / "photos/bank", show_default=True)
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder for the report.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
def main(photos: Path, work: Path, out: Path) -> None:
    """Writes default.bank."""
    made = work / out.name
    code = facetex(["bank", "build", str(photos), "-o", str(made), "--anonymous"])
    if code == 0:
        shutil.copyfile(made, out)
    sys.exit(code)


if __name__ == "__main__":
    main()
