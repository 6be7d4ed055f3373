"""A stage called through the door."""

from facetex_core import Registry, hookimpl
from facetex_core.stages import verb_of


def answering(role, result):
    """A stage behind the door, from a plugin of the registry, that answers with this whatever it is given."""
    stage = type("Faulty", (), {verb_of(role): lambda _, *given: result(*given) if callable(result) else result})

    class Plugin:
        api_version = 2

    def offers(self):
        return {"faulty": stage}

    setattr(Plugin, f"{role}s", hookimpl(offers))
    return Registry(Plugin(), installed=False).make(role, "faulty", {})


def called(role, result, given):
    return getattr(answering(role, result), verb_of(role))(*given)
