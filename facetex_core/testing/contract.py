"""What all contracts share: the fixture that an author overrides."""

from typing import Any

import pytest


class Contract:
    """Its tests run for every class that inherits it and names a plugin."""

    @pytest.fixture
    def plugin(self) -> Any:  # noqa: ANN401  # each role has its own protocol
        """The plugin under test."""
        raise NotImplementedError("override the fixture `plugin` with one that returns your plugin")
