"""What to answer to a name that does not exist."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest name, where one is near, and all that exist.

    >>> did_you_mean("detectr", ["fitter", "detector"])
    "did you mean 'detector'? there are: fitter, detector"
    >>> did_you_mean("x", [])
    'there are: none'
    """
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name.lower(), names, 1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"there are: {', '.join(names) or 'none'}"
