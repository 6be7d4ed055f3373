"""The rows of the zoo's own table, offered as any plugin offers its own."""

from facetex_model_zoo import Row, own_rows

from facetex_core import hookimpl

api_version = 2


@hookimpl
def models() -> dict[str, Row]:
    """What ships, and what facetex knows how to get."""
    return own_rows()
