"""Eyes and teeth: where they are on a model, and their colour."""
