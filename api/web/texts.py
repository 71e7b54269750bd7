"""The sentences of the pages, from `texts.toml`, where translators find both languages together."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from api.web.language import Language

TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    tomllib.loads(files("api.web").joinpath("texts.toml").read_text(encoding="utf-8"))
)
"""Key → language → sentence, as HTML: the sentences are ours, the values are not."""


def text(language: Language, key: str, **values: object) -> Markup:
    """A sentence with its values filled in, and these escaped."""
    sentence = TEXTS[key][language.value]
    return Markup(sentence).format(**values)  # noqa: S704  # the sentences are constants
