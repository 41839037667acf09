"""A compressed student as LiteRT, ONNX and Core ML files, checked against torch, and as a bundle."""

from edge.cli.runnable import refuse_library

refuse_library(__name__)
