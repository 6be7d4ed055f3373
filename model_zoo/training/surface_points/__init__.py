"""Places of the face basis on a photo, with their uncertainty: surface_points.onnx."""
