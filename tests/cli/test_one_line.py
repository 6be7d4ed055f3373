"""What becomes of an error: a line and exit code 2 where the user can mend it, nothing said where it is a bug."""

import errno

import pytest
from facetex_cli.error_lines import answer, exit_code

from facetex_core import ConfigError
from facetex_core.errors import PluginError

FULL = OSError(errno.ENOSPC, "No space left on device")
LIBRARY = ImportError("libGL.so.1: cannot open shared object file")
LINES = {
    "a file that cannot be written": (OSError(errno.EACCES, "Permission denied", "me.png"), "me.png: Permission denied"),
    "a full disk": (FULL, "No space left on device"),
    "a missing library": (LIBRARY, f"{LIBRARY}; facetex doctor says what to install"),
    "no memory": (MemoryError(), "out of memory; a smaller --size or --preset draft needs less"),
    "a wrong setting": (ConfigError("one\ntwo"), "one two"),
}


@pytest.mark.parametrize("name", LINES)
def test_what_a_user_can_mend_is_one_line_and_ends_with_2(name):
    error, line = LINES[name]
    assert (answer(error), exit_code(error)) == (line, 2)


@pytest.mark.parametrize(
    "error", [OSError(errno.EINVAL, "Invalid"), ImportError("no module"), ValueError("negative")], ids=repr
)
def test_a_bug_has_no_line_and_ends_with_1(error):
    assert (answer(error), exit_code(error)) == (None, 1)


def test_what_the_author_of_a_plugin_has_to_mend_ends_with_1():
    error = PluginError("plugin 'mine': out of order")
    assert (answer(error), exit_code(error)) == ("plugin 'mine': out of order", 1)
