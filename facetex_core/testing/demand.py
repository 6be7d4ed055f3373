"""How a contract says no: what was found, what was expected, what to do. Works under `python -O`, too."""

import numpy as np
from numpy.typing import ArrayLike

from facetex_core.promise import PromiseError, demand

__all__ = ["demand", "demand_near"]


def demand_near(found: ArrayLike, wanted: ArrayLike, what: str, mend: str, *, atol: float = 0.0, rtol: float = 0.0) -> None:
    """Every value within `atol` + `rtol` |wanted|; no value that is not finite passes."""
    found, wanted = np.broadcast_arrays(np.asarray(found, np.float64), np.asarray(wanted, np.float64))
    excess = np.nan_to_num(np.abs(found - wanted) - atol - rtol * np.abs(wanted), nan=np.inf)
    if (excess > 0).any():
        place = np.unravel_index(int(excess.argmax()), excess.shape)
        where = f" at [{', '.join(map(str, place))}]" if place else ""
        count = f"{(excess > 0).sum()} of {excess.size} values are off; " if excess.size > 1 else ""
        raise PromiseError(f"{what}: {count}expected {wanted[place]:.4g}{where}, found {found[place]:.4g}: {mend}")
