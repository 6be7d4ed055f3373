"""The contracts that every plugin keeps, for plugin authors: inherit one, override its fixture `plugin`, run pytest."""
