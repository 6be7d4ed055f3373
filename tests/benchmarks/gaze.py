"""How far the eyes of fitted heads are turned apart, and one higher than the other, in degrees from how they rest.

python tests/benchmarks/gaze.py PHOTO... [--fitter NAME]
"""

from pathlib import Path

import click
import numpy as np

from facetex_core import Fit, PhotoError, Registry, load_preset
from facetex_core.geometry.similarity import similarity
from facetex_core.io.photo_file import load_photo
from facetex_core.observe import Observer


def way_of(fit: Fit, part: str) -> np.ndarray:
    """Where an eye looks that looks ahead at rest on the mean head."""
    mesh = fit.model.mesh
    own = np.unique(mesh.triangles[mesh.parts[part]])
    turn = similarity(fit.model.mean[own].astype(np.float64), fit.vertices[own].astype(np.float64))[0]
    return turn @ [0.0, 0.0, 1.0]


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--fitter", default="posterior", show_default=True)
def main(photos: tuple[Path, ...], fitter: str) -> None:
    """Prints a line for each photo, then the median and the most."""
    recipe, registry = load_preset("embedded").choosing("fitter", fitter), Registry()
    observer = Observer(**{role: recipe.make(role, registry) for role in Observer.roles()})
    fits = recipe.make("fitter", registry)
    rows = []
    for path in photos:
        try:
            (fit,) = fits.fit([observer.observe(load_photo(path))])
        except PhotoError as error:
            print(error)
            continue
        left, right = way_of(fit, "left_eye"), way_of(fit, "right_eye")
        apart = np.degrees(np.arctan2(left[0], left[2]) - np.arctan2(right[0], right[2]))
        rows.append((abs(apart), abs(np.degrees(np.arcsin(left[1]) - np.arcsin(right[1])))))
        print(f"{path.name[:40]:40} apart {rows[-1][0]:5.1f}  skew {rows[-1][1]:5.1f}")
    if rows:
        apart, skew = np.array(rows).T
        told = f"apart {np.median(apart):.1f}, most {apart.max():.1f}; skew {np.median(skew):.1f}, most {skew.max():.1f}"
        print(f"{len(rows)} heads: {told}")


if __name__ == "__main__":
    main()
