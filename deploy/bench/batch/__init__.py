"""Batch scoring beside the model alone, on the same file."""
