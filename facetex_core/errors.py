"""Errors are named by who can mend them.

FacetexError
    PhotoError      another photo
    ConfigError     another option, preset, name or folder
    ModelError      a missing or damaged model file; the text says how to get it
    PluginError     the plugin's author
"""

from collections.abc import Iterable


class FacetexError(Exception):
    """A fault that one line explains; the command line prints it and exits with 2 (1 for a PluginError)."""


class PhotoError(FacetexError):
    """The photo cannot be used; another one can."""


class ConfigError(FacetexError):
    """An option, a name or a folder is wrong."""


class ModelError(FacetexError):
    """A model file is missing or damaged."""


class PluginError(FacetexError):
    """A plugin breaks a rule of its stage."""


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
