"""What can go wrong with the local Kafka.

HeadraceError
└── LocalKafkaError           the root of this package's errors
    ├── JarsMissing           raised when jars are not in the cache and cannot be fetched
    ├── JarTampered           raised when a jar is not the one in the lock; it is never run
    ├── BrokerStartFailed     raised when the broker ended, or did not answer, while starting
    ├── PortInUse             raised when another process listens on the port
    └── FolderInUse           raised when another broker runs on the data folder
"""

from pathlib import Path

from headrace.errors import HeadraceError


class LocalKafkaError(HeadraceError):
    """Raised when the local Kafka cannot do what it is asked; the root of this package's errors."""


class JarsMissing(LocalKafkaError):
    """Raised when jars are not in the cache and cannot be fetched."""

    def __init__(self, name: str, repository: str, cache: Path, why: object) -> None:
        super().__init__(
            f"{name} is not in {cache} and could not be fetched from {repository}: {why}. "
            "Connect this machine to the network once, name a mirror that it can reach, "
            "or copy the folder from a machine that has it"
        )


class JarTampered(LocalKafkaError):
    """Raised when a jar is not the one in the lock; it is never run."""

    @classmethod
    def in_cache(cls, path: Path) -> "JarTampered":
        return cls(
            f"{path} is not the file that kafka.lock names (its sha256 differs) and is not run; "
            "find out who changed it, then delete it, and it is fetched again"
        )

    @classmethod
    def from_repository(cls, name: str, repository: str) -> "JarTampered":
        return cls(
            f"{repository} served a {name} that is not the file that kafka.lock names (its sha256 or size "
            "differs); nothing was kept. Use another repository"
        )


class BrokerStartFailed(LocalKafkaError):
    """Raised when the broker ended, or did not answer, while starting."""

    @classmethod
    def ended(cls, code: int, log: Path, reasons: str) -> "BrokerStartFailed":
        return cls(f"Kafka ended with exit code {code} while starting; {log} has it all:\n{reasons}")

    @classmethod
    def silent(cls, address: str, seconds: float, log: Path) -> "BrokerStartFailed":
        return cls(
            f"Kafka did not answer at {address} within {seconds:.0f} s and was stopped; {log} says how far it got"
        )

    @classmethod
    def disk_full(cls, folder: Path, free: int) -> "BrokerStartFailed":
        return cls(
            f"No space left on the disk of {folder} ({free} bytes are free), and Kafka ends when it cannot write; "
            "make space, then start it again: what it had acknowledged is there"
        )

    @classmethod
    def running(cls, address: str) -> "BrokerStartFailed":
        return cls(f"this broker runs already, at {address}; stop it before it is started again")

    @classmethod
    def unusable_folder(cls, folder: Path) -> "BrokerStartFailed":
        return cls(f"Kafka would read the comma in {folder} as two folders; choose a data folder without one")


class PortInUse(LocalKafkaError):
    """Raised when another process listens on the port."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"port {port} of 127.0.0.1 is in use by another process; stop that, or choose another port (0 picks one)"
        )


class FolderInUse(LocalKafkaError):
    """Raised when another broker runs on the data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another Kafka broker runs on {folder}; stop it, or choose another data folder")
