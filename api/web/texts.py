"""The sentences of the pages, from `texts.toml`, where translators find both languages together."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from api.web.language import Language

SUBJECTS: Final = ("", "lokus")
"""Folders of pages with sentences of their own; the first is of all pages."""


def _loaded() -> dict[str, Mapping[str, str]]:
    read: dict[str, Mapping[str, str]] = {}
    for subject in SUBJECTS:
        file = files("api.web").joinpath(subject, "texts.toml")
        sentences = tomllib.loads(file.read_text(encoding="utf-8"))
        assert not read.keys() & sentences.keys(), f"said twice in {subject}"
        read |= sentences
    return read


TEXTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(_loaded())
"""Key → language → sentence, as HTML: the sentences are ours, the values are not."""


def text(language: Language, key: str, **values: object) -> Markup:
    """A sentence with its values filled in, and these escaped."""
    sentence = TEXTS[key][language.value]
    return Markup(sentence).format(**values)  # noqa: S704  # the sentences are constants
