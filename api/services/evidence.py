"""The profiles of evidence that come with the server: one TOML file each."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Final

from api.errors import AppError
from sync.evidence import Profile, read_profile

DEFAULT_PROFILE: Final = "standar"
_FOLDER: Final = files("api").joinpath("evidence")


def profile_names() -> list[str]:
    """Names that a period can choose from."""
    names = (one.name for one in _FOLDER.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@lru_cache(maxsize=32)
def profile_named(name: str) -> Profile:
    """A profile by its name. Raises `AppError` `value-refused` for a name that is none's."""
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise AppError("value-refused", f"There is no such profile of evidence; known are {known}.")
    return read_profile(tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text("utf-8")))
