"""The sentences of the pages, where translators find both languages together.

Each part of the pages has a `texts.toml` beside its templates; a key belongs to one of them.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from api.web.language import Language

PARTS: Final = (".", "exports", "lokus", "printing", "rounds")
"""Folders of the pages that have sentences."""


def _read() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for part in PARTS:
        source = files("api.web").joinpath(part, "texts.toml").read_text(encoding="utf-8")
        read = tomllib.loads(source)
        assert texts.keys().isdisjoint(read), f"{part} repeats a key of another part"
        texts |= read
    return texts


TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(_read())
"""Key → language → sentence, as HTML: the sentences are ours, the values are not."""


def text(language: Language, key: str, **values: object) -> Markup:
    """A sentence with its values filled in, and these escaped."""
    sentence = TEXTS[key][language.value]
    return Markup(sentence).format(**values)  # noqa: S704  # the sentences are constants
