"""Every command that makes plugins can leave one out and take one from a file."""

import pytest
from facetex_cli.main import main

COMMANDS = [
    "run",
    "compare",
    "render",
    "eval suite",
    "eval leave-one-out",
    "bank build",
    "plugins",
    "plugins check",
    "doctor",
    "zoo",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_plugin_that_is_not_there_cannot_be_left_out(capsys, command):
    assert main([*command.split(), "--no-plugin", "nowhere"]) == 2
    assert "--no-plugin: no plugin 'nowhere' is installed; " in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_no_plugin(capsys, command):
    assert main([*command.split(), "--plugin", "nowhere.py"]) == 2
    assert "--plugin takes a file that ends in .py, such as mine.py, not 'nowhere.py'" in capsys.readouterr().err
