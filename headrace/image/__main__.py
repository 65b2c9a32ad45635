"""Tries the bundle of an image in that image, while it is built: one that does not hold makes no image.

The mark that it leaves spares every worker of the image the trial.
"""

import sys
from pathlib import Path

from headrace.bundle import tried_once, verify
from headrace.errors import HeadraceError
from headrace.image.baked import Baked
from headrace.settings import load


def main() -> int:
    """0 when the bundle holds here: digests, library versions, types, golden vectors."""
    try:
        settings = load()
        baked = Baked(Path(settings.image_bundle))
        tried_once(settings.bundle_cache, baked.digest, lambda: verify(baked.bundle, baked.digest))
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        return 2
    print(f"{baked.name} holds in this image, {baked.digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
