"""The shading of a lit face: delighter.onnx."""
