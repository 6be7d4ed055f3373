"""Skin, hair and background: skin.onnx."""
