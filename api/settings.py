"""What an installation may choose, read once from `LOKUS_…` variables.

A variable that nobody knows is an error: `LOKUS_DATABSE_URL` would otherwise mean an empty SQLite
register beside the real one. Numbers that the protocol promises have that number as the default.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from api.secret import load_secret
from models.engines import database_url

PREFIX: Final = "LOKUS_"
CLIENT_PREFIX: Final = "LOKUS_CLIENT_"
"""Belongs to the command line of the Python client, which may run beside a server."""


class SettingsError(Exception):
    """The environment does not describe an installation; the text says which variable and why."""


def _a_known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ValueError("expected a zone of the tz database, for example Asia/Jakarta") from error
    return name


def _a_usable_database(url: str) -> str:
    database_url(url)
    return url


def _a_public_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ValueError("expected where phones reach the server, https://lokus.example.id")
    return url.rstrip("/")


def _database_in(chosen: Mapping[str, Path]) -> str:
    return f"sqlite:///{chosen['data_dir'] / 'lokus.db'}"


def _secret_in(chosen: Mapping[str, Path]) -> Path:
    return chosen["data_dir"] / "secret"


class Settings(BaseModel):
    """One installation; every field is the variable `LOKUS_` + its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    # Where things are
    data_dir: Path = Path("var")
    database_url: Annotated[str, AfterValidator(_a_usable_database)] = Field(
        default_factory=_database_in, repr=False
    )
    secret_file: Path = Field(default_factory=_secret_in)
    public_url: Annotated[str, AfterValidator(_a_public_url)] = "http://127.0.0.1:8000"
    """What phones and people type; enrolment links and receipts begin with it."""

    export_profiles_dir: Path | None = None
    """Profiles (`*.toml`) that join or replace those that come with Lokus."""

    # Other servers that forms are fetched from
    connector_hosts: str = ""
    """The hosts that connectors may ask, separated by commas; no other is ever asked."""
    connector_hosts_inside: str = ""
    """More of them, which may lie in the own network and may be asked over http."""

    # The district
    timezone: Annotated[str, AfterValidator(_a_known_zone)] = "Asia/Jakarta"
    """Says on which local day something was observed."""
    localities_file: Path | None = None
    """A TOML table of what villages and their heads are called, beside the shipped one."""
    campaign_start: date | None = None
    """Nothing is observed before this day without being suspect; none set: no lower bound."""

    growth_months_under_two: int = Field(default=1, ge=1, le=24)
    """So long after a measurement a child under two is to be measured again."""
    growth_months_older: int = Field(default=3, ge=1, le=24)
    """The same for a child from two years on."""

    # One request (the protocol's limits, served in the manifest)
    push_bytes_max: int = Field(default=256 * 1024, ge=1024)
    """Of a push after decompression."""
    decompression_ratio_max: int = Field(default=100, ge=1)
    operations_per_push_max: int = Field(default=500, ge=1, le=5000)
    pull_page_bytes_max: int = Field(default=32 * 1024, ge=1024)
    """Of a pull page after compression."""
    records_per_request_max: int = Field(default=100, ge=1)

    # One list of the government
    workbook_bytes_max: int = Field(default=50 * 2**20, ge=2**20)
    """Of an xlsx file; CSV is read in flat memory whatever its size."""
    workbook_memory_bytes_max: int = Field(default=2 * 2**30, ge=256 * 2**20)
    """Address space of the process that opens an xlsx file; beyond it the file is refused."""
    scan_bytes_max: int = Field(default=20 * 1024 * 1024, ge=1024)
    """Of the scan of a signed paper, or a photograph."""

    # One process
    threads_max: int = Field(default=16, ge=1, le=256)
    """Requests worked on at a time, and so connections to the database. On PostgreSQL there are two
    more for forms, which stay open (`Database.landing`)."""
    requests_waiting_max: int = Field(default=256, ge=0)
    """Beyond these a request is answered 503 before it costs memory."""
    next_sync_after_seconds: int = Field(default=900, ge=0)
    """What a phone is told to wait before it syncs again by itself."""

    # Time
    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    """A person's login in the browser."""
    enrolment_hours: int = Field(default=72, ge=1)
    enrolment_tries_max: int = Field(default=5, ge=1)
    scope_stale_days_max: int = Field(default=14, ge=0)
    """So long after an RT was taken away, what was captured before still merges."""
    snapshot_hours: int = Field(default=24, ge=1)
    """The bytes of a snapshot stay the same so long, for a download that is taken up again."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def secret(self) -> bytes:
        """32 bytes that sign receipts; made on first use, then the same for ever."""
        return load_secret(self.secret_file)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables of `environment` (the process's own if None); SettingsError."""
        found = os.environ if environment is None else environment
        # An empty variable is what compose files make of one that is not set.
        ours = {
            name: value
            for name, value in found.items()
            if name.startswith(PREFIX) and not name.startswith(CLIENT_PREFIX) and value
        }
        variables = [variable_of(field) for field in cls.model_fields]
        if unknown := sorted(ours.keys() - variables):
            raise SettingsError("\n".join(_unknown(name, variables) for name in unknown))
        try:
            return cls.model_validate(
                {name.removeprefix(PREFIX).lower(): value for name, value in ours.items()}
            )
        except ValidationError as error:
            raise SettingsError(_teach(error)) from None


def variable_of(field: str) -> str:
    """The environment variable that sets a field: `data_dir` → `LOKUS_DATA_DIR`."""
    return PREFIX + field.upper()


def _unknown(name: str, variables: Iterable[str]) -> str:
    near = get_close_matches(name, variables, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(variables))}"
    return f"{name} is no setting of Lokus; {hint}"


def _teach(error: ValidationError) -> str:
    # The values stay out: one of them is a database's password.
    return "\n".join(
        f"{variable_of(str(problem['loc'][0]))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
        if problem["type"] != "default_factory_not_called"  # follows from another one
    )
