"""A compressed student as LiteRT, ONNX and Core ML files, checked against torch, and as a bundle."""
