"""The 468 and 68 points of a face: landmarks.onnx."""
