"""Devices that bundles are made for, each figure with its source."""
