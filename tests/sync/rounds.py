"""Records of a round, with everything filled in that a test does not care about."""

from collections.abc import Mapping

from sync.types import Json, Record, Stamp
from sync.village_round import ListStatement, VillageRound, village_round
from tests.builders import DESA, FAMILY, PERSON

OPENED = 100
"""The feed's head when the round opened."""
BEFORE, SINCE = 50, 150


def a_record(
    record: str,
    entity: str = "keluarga",
    parent: str | None = None,
    *,
    at: int = BEFORE,
    stated: int = SINCE,
    end: Mapping[str, Json] | None = None,
    **fields: Json,
) -> Record:
    """Created at `at`; its fields and its end were stated at `stated`."""
    groups = {**fields, **({"end": True} if end else {})}
    return Record(
        desa=DESA,
        id=record,
        entity=entity,
        parent=parent,
        keluarga=parent or record,
        rt="003/001",
        seq=stated,
        created=Stamp(at, "lane", 1, None),
        fields=fields,
        stamps={group: (Stamp(stated, "lane", 2, None),) for group in groups},
        end=dict(end) if end else None,
    )


def a_row(record: str = FAMILY, **rest: Json) -> Record:
    """A family that was found in this round and has no means."""
    told: dict[str, Json] = {
        "hasil": "ditemukan",
        "kemampuan": "tidak_mampu",
        "no_kk": "1802212101100003",
        "nama_kepala_keluarga": "CONTOH",
        **rest,
    }
    return a_record(record, **told)  # type: ignore[arg-type]  # fields and keywords alike


def a_head(record: str = PERSON, family: str = FAMILY, **rest: Json) -> Record:
    """Its head, seen at home."""
    told: dict[str, Json] = {
        "nik": "1802210101900001",
        "nama": "CONTOH",
        "hubungan_keluarga": "kepala_keluarga",
        "keberadaan": "tinggal_bersama_keluarga",
        **rest,
    }
    return a_record(record, "anggota", family, **told)  # type: ignore[arg-type]


def on_list(record: str, at: int = BEFORE, **fields: Json) -> ListStatement:
    """What a list of the government said when it brought the record."""
    return ListStatement(record, at, creates=True, fields=fields)


def a_round(*records: Record, lists: tuple[ListStatement, ...] | None = None) -> VillageRound:
    """A round over these records; all of them were on the list, unless it is given."""
    said = tuple(on_list(one.id) for one in records) if lists is None else lists
    return village_round(DESA, records, said, head=200, opened_head=OPENED)
