"""ONNX backend tests as a manifest."""
