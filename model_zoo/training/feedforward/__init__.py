"""The decoder of hidden skin: feedforward.onnx."""
