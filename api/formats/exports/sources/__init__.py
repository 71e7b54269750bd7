"""Where rows come from: each source walks a frozen village and yields what a file is about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from api.formats.exports.profile import FileSpec, SourceName
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.actions import ACTION_FIELDS, actions
from api.formats.exports.sources.corrections import CORRECTION_FIELDS, corrections
from api.formats.exports.sources.entry import ENTRY_FIELDS, entry_lines
from api.formats.exports.sources.lacking import LACKING_FIELDS, lacking
from api.formats.exports.sources.measured import MEASURED_FIELDS, measured
from api.formats.exports.sources.people import (
    FAMILY_FIELDS,
    MEMBER_FIELDS,
    families,
    members,
    points,
)
from api.formats.exports.sources.proposals import PROPOSAL_FIELDS, proposals
from api.formats.exports.sources.totals import TOTAL_FIELDS, totals

RowsOf: TypeAlias = Callable[[ExportVillage, FileSpec], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Source:
    """A row source and the names that it adds as `baris.…`."""

    rows: RowsOf
    fields: frozenset[str]


SOURCES: Final[Mapping[SourceName, Source]] = MappingProxyType(
    {
        "usulan": Source(proposals, PROPOSAL_FIELDS),
        "anggota": Source(members, MEMBER_FIELDS),
        "keluarga": Source(families, FAMILY_FIELDS),
        "titik": Source(points, FAMILY_FIELDS),
        "perbaikan": Source(corrections, CORRECTION_FIELDS),
        "tindakan": Source(actions, ACTION_FIELDS),
        "pengukuran": Source(measured, MEASURED_FIELDS),
        "tanpa_program": Source(lacking, LACKING_FIELDS),
        "rekap": Source(totals, TOTAL_FIELDS),
        "entri": Source(entry_lines, ENTRY_FIELDS),
    }
)
