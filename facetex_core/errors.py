"""Errors are named by who can mend them.

FacetexError
    PhotoError      another photo
    ConfigError     another option, preset, name or folder
    ModelError      a missing or damaged model file; the text says how to get it
    PluginError     the plugin's author
"""


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
