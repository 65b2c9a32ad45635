"""The root of every error that Headrace raises on purpose.

HeadraceError                 what happened and what to do, in one message; the CLI prints it and exits with 2
├── SettingsError             raised when settings cannot be used as they stand
├── ModelFolderError          raised when a model folder is incomplete or contradicts itself
└── MissingPartError          raised when this installation does not hold the code of a command

Packages below add their own, derived from HeadraceError, in their own errors.py.
"""


class HeadraceError(Exception):
    """Raised when something is wrong that a person can mend; the message says how."""


def first_line(error: Exception) -> str:
    """What a library's error says first, to stand in a sentence; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class SettingsError(HeadraceError):
    """Raised when settings cannot be used as they stand; lists every fault at once."""


class ModelFolderError(HeadraceError):
    """Raised when a model folder is incomplete or contradicts itself."""


class MissingPartError(HeadraceError):
    """Raised when the code of a command is not part of this installation (an image holds only its own role)."""
