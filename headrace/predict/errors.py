"""HeadraceError
└── PredictError              raised when scores cannot be computed
    ├── EncodingError         raised when columns do not fit the features that the encoder knows
    └── ModelOutputError      raised when the model's output is not one number a row
"""

from headrace.errors import HeadraceError


class PredictError(HeadraceError):
    """Raised when scores cannot be computed."""


class EncodingError(PredictError):
    """Raised when columns do not fit the features that the encoder knows."""


class ModelOutputError(PredictError):
    """Raised when the model's output is not one number a row."""
