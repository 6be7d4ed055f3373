"""Features whose correlations are those of VGG-19: descriptor.onnx."""
