"""What can go wrong on the wire that is not simply a bad row (a bad row is data, see reasons.py).

HeadraceError
└── WireError                 the root of this package
    ├── SchemaError           raised when an Avro schema cannot be used
    ├── EncodingError         raised when a column does not fit the field that it is to be written as
    └── LogBlockError         raised when bytes are not a whole, undamaged log block
"""

from headrace.errors import HeadraceError


class WireError(HeadraceError):
    """Raised when bytes, schemas and columns do not fit together."""


class SchemaError(WireError):
    """Raised when an Avro schema cannot be used."""


class EncodingError(WireError):
    """Raised when a column does not fit the field that it is to be written as."""


class LogBlockError(WireError):
    """Raised when bytes are not a whole, undamaged log block."""
