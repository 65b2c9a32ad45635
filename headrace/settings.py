"""Settings of a process: defaults, then the local stack's file, then headrace.toml, then HEADRACE_… variables.

The later wins. Adapters receive values from here, never this object.
"""

import getpass
import os
import socket
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from headrace.errors import SettingsError

LOCAL_FILE = "local.toml"
PREFIX = "HEADRACE_"
# Read elsewhere: which file to read, where a test makes a worker fail, how the local ClickHouse gets its password.
NOT_SETTINGS = ("HEADRACE_CONFIG", "HEADRACE_FAILPOINT", "HEADRACE_LOCAL_CLICKHOUSE_PASSWORD")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kafka(_Part):
    """Where Kafka is; properties are handed to librdkafka as they stand (security.protocol, sasl.…)."""

    bootstrap: str = Field(default="", description="host:port of the brokers; empty means the local stack")
    properties: dict[str, str] = Field(default={}, description="more librdkafka properties, for instance security")
    replication: int = Field(default=1, ge=1, description="replication factor of the topics that apply creates")


class ClickHouse(_Part):
    """Where ClickHouse's native protocol is."""

    host: str = Field(default="", description="host name; empty means the local stack")
    port: int = Field(default=9000, ge=1, le=65535, description="port of the native protocol")
    user: str = Field(default="default", description="user name")
    password: SecretStr = Field(default=SecretStr(""), description="password")
    database: str = Field(default="default", description="database that holds the tables")
    secure: bool = Field(default=False, description="TLS")


class Worker(_Part):
    """How one worker runs. What decides an answer is not here: that comes from the release."""

    name: str = Field(default="", description="stable name; two live workers must not share one (default: role-host)")
    http_port: int = Field(default=0, ge=0, le=65535, description="health, readiness and metrics; 0 takes a free port")
    http_host: str = Field(default="127.0.0.1", description="address of health, readiness and metrics")
    delivery: Literal["exactly-once", "at-least-once"] = Field(
        default="exactly-once", description="transactions, or lower latency and a batch repeated after a crash"
    )
    batch_rows: int = Field(default=5000, ge=1, le=100_000, description="most requests in one micro-batch")
    linger_ms: int = Field(default=0, ge=0, le=10_000, description="wait for more requests before a batch is taken")
    transaction_timeout_s: float = Field(default=15.0, gt=0, le=900, description="how long a transaction may be open")
    watchdog_s: float = Field(default=30.0, gt=0, description="a Kafka call that takes longer ends the process")
    sink_rows: int = Field(default=100_000, ge=1, description="rows that the sink gathers at most for one insert")
    sink_seconds: float = Field(default=1.0, gt=0, description="seconds that the sink gathers at most")
    max_request_bytes: int = Field(default=262_144, ge=1000, description="a larger request is rejected")


class Pin(_Part):
    """Parameters of a release that this worker sets otherwise; each of its answers and `operations` say so."""

    threshold: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="the decision is yes from this score on, whatever the release says; answers carry a flag",
    )

    @property
    def pinned(self) -> dict[str, float]:
        """The parameters that are pinned, by name."""
        return self.model_dump(exclude_none=True)


class Settings(BaseSettings):
    """All settings of one process, checked at its start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid", validate_default=True
    )

    data_dir: Path = Field(default=Path(".headrace"), description="folder of the local stack's data")
    kafka: Kafka = Kafka()
    clickhouse: ClickHouse = ClickHouse()
    worker: Worker = Worker()
    pin: Pin = Pin()
    registry: str = Field(
        default="", description="where bundles are: a folder, s3://, gs:// or az:// (default: data_dir)"
    )
    cache_dir: str = Field(default="", description="local cache of bundles (default: in data_dir)")
    image_bundle: str = Field(
        default="",
        description="folder of the one bundle in this image: a scorer serves no other and asks no registry",
    )
    signing_key: str = Field(default="", description="the desk's private key file (default: data_dir/keys/desk.pem)")
    trusted_keys: str = Field(
        default="", description="folder of public keys whose releases count (default: data_dir/keys/trusted)"
    )
    schema_registry: str = Field(default="", description="address of a Confluent schema registry; empty means none")
    release_standard: str = Field(
        default="release-standard.toml", description="what a version must show before it may serve; may be missing"
    )
    actor: str = Field(default="", description="who acts, as releases record it (default: the login name)")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over headrace.toml over the local stack's own file."""
        user_file = _user_file()
        user = _toml(settings_cls, user_file)
        data_dir = _first(init_settings().get("data_dir"), env_settings().get("data_dir"), user().get("data_dir"))
        local = _toml(settings_cls, Path(data_dir or ".headrace") / LOCAL_FILE)
        return init_settings, env_settings, user, local

    @property
    def registry_url(self) -> str:
        """Where bundles are kept."""
        return self.registry or str(self.data_dir / "registry")

    @property
    def bundle_cache(self) -> Path:
        """Where this machine keeps verified bundles."""
        return Path(self.cache_dir) if self.cache_dir else self.data_dir / "cache"

    @property
    def signing_key_file(self) -> Path:
        """The private key with which this desk signs."""
        return Path(self.signing_key) if self.signing_key else self.data_dir / "keys" / "desk.pem"

    @property
    def trusted_keys_folder(self) -> Path:
        """The public keys whose releases count."""
        return Path(self.trusted_keys) if self.trusted_keys else self.data_dir / "keys" / "trusted"

    @property
    def acting(self) -> str:
        """Who acts."""
        return self.actor or getpass.getuser()

    def worker_name(self, role: str) -> str:
        """This worker's stable name."""
        return self.worker.name or f"{role}-{socket.gethostname()}"

    def bootstrap(self) -> str:
        """Kafka's address; raises SettingsError when none is known."""
        if not self.kafka.bootstrap:
            raise SettingsError(_nowhere("Kafka", "HEADRACE_KAFKA__BOOTSTRAP", self.data_dir))
        return self.kafka.bootstrap

    def clickhouse_address(self) -> tuple[str, int]:
        """ClickHouse's host and port; raises SettingsError when none is known."""
        if not self.clickhouse.host:
            raise SettingsError(_nowhere("ClickHouse", "HEADRACE_CLICKHOUSE__HOST", self.data_dir))
        return self.clickhouse.host, self.clickhouse.port


def load(**overrides: Any) -> Settings:
    """Read the settings; raises SettingsError that lists every fault at once."""
    if unknown := [name for name in os.environ if _is_no_setting(name)]:
        raise SettingsError(f"no setting is called {', '.join(sorted(unknown))}; docs/settings.md lists all")
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"the settings cannot be used: {faults}") from None
    except ValueError as error:
        raise SettingsError(f"the settings cannot be read: {error}") from None


def _toml(settings_cls: type[BaseSettings], path: Path) -> TomlConfigSettingsSource:
    """A file's settings, none when it is not there; a file that is no TOML is named."""
    try:
        return TomlConfigSettingsSource(settings_cls, path)
    except (OSError, ValueError) as error:
        raise SettingsError(f"the settings cannot be read: {path}: {error}") from None


def _user_file() -> Path:
    named = os.environ.get("HEADRACE_CONFIG")
    if named and not Path(named).is_file():
        raise SettingsError(f"HEADRACE_CONFIG names {named}, which is not a file")
    return Path(named or "headrace.toml")


def _is_no_setting(variable: str) -> bool:
    """Whether a HEADRACE_… variable is a slip of the pen; nested ones are checked with their part."""
    if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
        return False
    return variable.removeprefix(PREFIX).lower().partition("__")[0] not in Settings.model_fields


def _first(*values: Any) -> Any:
    return next((value for value in values if value), None)


def _nowhere(what: str, variable: str, data_dir: Path) -> str:
    return (
        f"no address of {what}: start the local stack with `headrace up` (it was looked for in {data_dir}), "
        f"or name your own with {variable} or in headrace.toml"
    )
