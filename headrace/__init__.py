"""Headrace: what training and serving share. Applications live beside it in streams/, trainer/ and deploy/."""

__version__ = "0.1.0"
