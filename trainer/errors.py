"""What can stop a training run.

HeadraceError
└── TrainingError             raised when a model cannot be trained; the message says what to change
    ├── TrainPyError          raised when the code of a model folder fails; names the file and the line
    ├── HistoryError          raised when history() gives no table
    ├── ImportFileError       raised when a file cannot be imported at all
    └── QueryError            raised when the instants asked for make no sense
"""

from headrace.errors import HeadraceError


class TrainingError(HeadraceError):
    """Raised when a model cannot be trained."""


class TrainPyError(TrainingError):
    """Raised when train.py, or a file beside it, fails."""


class HistoryError(TrainingError):
    """Raised when history() gives something else than a table."""


class QueryError(TrainingError):
    """Raised when since, until and evaluate-until are not instants in that order."""


class ImportFileError(TrainingError):
    """Raised when a file cannot be imported at all; a bad row is no reason."""
