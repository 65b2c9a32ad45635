"""Batch jobs: planned into parts, described by documents that are written once, counted row by row."""
