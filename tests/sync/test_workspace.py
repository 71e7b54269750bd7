"""The working copy of a village: what goes in comes out."""

from sync.types import KELUARGA, Record, Stamp
from sync.workspace import draft_of
from tests.builders import DESA, FAMILY, HOME_RT, NEIGHBOUR_RT, OTHER_FAMILY, PERSON

CREATED = Stamp(3, "office", 1, "2026-11-01")
LATER = Stamp(7, "A", 2, None)


def a_full_record() -> Record:
    return Record(
        desa=DESA,
        id=FAMILY,
        entity=KELUARGA,
        parent=OTHER_FAMILY,
        keluarga=OTHER_FAMILY,
        rt=HOME_RT,
        seq=9,
        created=CREATED,
        fields={"telepon": "0811", "program": ["pkh"]},
        stamps={"telepon": (LATER,)},
        elements={"program": {"pkh": (LATER,)}},
        rt_since=4,
        left={NEIGHBOUR_RT: 4},
        end={"end": "pindah"},
        alias=PERSON,
        review=("telepon",),
        disputed=True,
        merged={"into": PERSON},
    )


def test_a_draft_that_nobody_changes_is_the_record_that_it_was_made_of() -> None:
    record = a_full_record()
    defaults = Record._field_defaults
    empty = [name for name, default in defaults.items() if getattr(record, name) == default]
    assert not empty, "a field left out would show"
    assert draft_of(record).freeze() == record
