"""Whether two values are the same to the byte."""

import numpy as np

from facetex_core.workbench.comparison.codec import NOUNS


def same(one, other):
    """Equal in every field; arrays in type, shape and every byte."""
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    elif type(one).__name__ in NOUNS:
        assert type(one) is type(other)
        for name in type(one).__dataclass_fields__:
            same(getattr(one, name), getattr(other, name))
    elif isinstance(one, tuple | list):
        assert type(one) is type(other)
        for each, its in zip(one, other, strict=True):
            same(each, its)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        same(list(one.values()), list(other.values()))
    else:
        assert one == other
