"""The second way to deliver a bundle: inside the image, as a registry of one bundle that only its workers read."""

from headrace.image.baked import Baked
from headrace.image.errors import ImageBundleError, OtherBundle

__all__ = ["Baked", "ImageBundleError", "OtherBundle"]
