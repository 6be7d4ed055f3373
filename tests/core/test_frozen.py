"""What one part of facetex gives another cannot be changed by either; the few records that grow are named here."""

from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import walk_packages

import pytest

PACKAGES = ("facetex_core", "facetex_plugins", "facetex_model_zoo", "facetex_cli")
GROWING = {"Cost", "_Rows", "GlbFile", "Session"}
"""A sum, rows that are read, a file that is written, calls that are counted."""


def dataclasses_of(package):
    found = walk_packages(import_module(package).__path__, f"{package}.")
    modules = [
        import_module(each.name) for each in found if ".templates" not in each.name and not each.name.endswith("__main__")
    ]
    return {each for module in modules for each in vars(module).values() if isinstance(each, type) and is_dataclass(each)}


@pytest.mark.parametrize("package", PACKAGES)
def test_records_are_frozen(package):
    ours = {each for each in dataclasses_of(package) if each.__module__.startswith("facetex_")}
    assert {each.__name__ for each in ours if not each.__dataclass_params__.frozen} <= GROWING


def test_records_that_grow_are_still_there():
    assert {each.__name__ for package in PACKAGES for each in dataclasses_of(package)} >= GROWING
