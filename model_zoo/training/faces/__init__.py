"""The face finder: faces.onnx."""
