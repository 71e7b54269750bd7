"""Lokus' own versioned code lists: slugs with labels in Indonesian and English, by list id."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sync.codes.codelist import Code, CodeList
from sync.codes.education import EDUCATION
from sync.codes.health import HEALTH
from sync.codes.housing import HOUSING
from sync.codes.outcome import END_REASONS, OUTCOME
from sync.codes.person import PERSON
from sync.codes.work import WORK

__all__ = ["CODELISTS", "END_REASONS", "SLUGS", "Code", "CodeList"]

CODELISTS: Final[Mapping[str, CodeList]] = MappingProxyType(
    {
        codelist.id: codelist
        for codelist in (*HOUSING, *PERSON, *HEALTH, *EDUCATION, *WORK, *OUTCOME)
    }
)
"""List id → list. The ids are those of the column `codelist` of `sync.policy.FIELDS`."""

SLUGS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        codelist.id: frozenset(code.slug for code in codelist.codes)
        for codelist in CODELISTS.values()
    }
)
"""List id → its slugs: what a value of a code field may be."""
