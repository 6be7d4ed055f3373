"""The models that ship, made from the data: a package a model, `python -m training.MODEL all` makes it."""
