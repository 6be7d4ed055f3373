"""Templates of pages: jinja2, in which everything is escaped and nothing may be missing."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


@cache
def template(package: str, name: str) -> "jinja2.Template":
    """The template `name`.html.jinja that lies in a package."""
    import jinja2

    text = files(package).joinpath(f"{name}.html.jinja").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)
