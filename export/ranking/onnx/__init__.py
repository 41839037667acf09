"""The ranking model for ONNX Runtime; edge/engines/ranking/ENGINE.md is normative."""
