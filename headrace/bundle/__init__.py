"""A bundle: one immutable version of a model, as a folder whose manifest holds the digest of everything in it."""

from headrace.bundle.golden import Golden
from headrace.bundle.load import SIZE_CAP, Bundle, checked_files, load
from headrace.bundle.manifest import FileEntry, Manifest
from headrace.bundle.pace import keeps_pace
from headrace.bundle.trial import tried_once
from headrace.bundle.verify import Limits, Prober, Verified, verify
from headrace.bundle.write import Draft, digest_of, write

__all__ = [
    "SIZE_CAP",
    "Bundle",
    "Draft",
    "FileEntry",
    "Golden",
    "Limits",
    "Manifest",
    "Prober",
    "Verified",
    "checked_files",
    "digest_of",
    "keeps_pace",
    "load",
    "tried_once",
    "verify",
    "write",
]
