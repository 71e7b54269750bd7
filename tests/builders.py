"""Operations as phones capture them, with everything filled in that a test does not care about.

``base``, ``seq``, ``mono`` and ``boot`` are the phone's business: `tests.village` adds them.
"""

from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN, Json

DESA = "1802212001"
ELSEWHERE = "1802212002"
NEIGHBOUR_RT = "004/001"
HOME_RT = "003/001"

Raw = dict[str, Json]


def an_id(number: int) -> str:
    """A UUIDv7 in form; the same number gives the same id."""
    return f"01990000-0000-7000-8000-{number:012x}"


FAMILY = an_id(1)
OTHER_FAMILY = an_id(2)
PERSON = an_id(11)
OTHER_PERSON = an_id(12)
CHILD = an_id(13)
VISIT = an_id(21)
MEASUREMENT = an_id(31)
STRANGER = an_id(99)

NIK = "1802216505900001"
OTHER_NIK = "1802210101850002"
NO_KK = "1802212101100003"


def a_family(record: str = FAMILY, *, rt: str = "003", rw: str = "001", **fields: Json) -> Raw:
    """A `create` of a keluarga in its RT."""
    stated: Raw = {"rt": rt, "rw": rw, **fields}
    return {"kind": "create", "entity": KELUARGA, "id": record, "set": stated}


def a_person(record: str = PERSON, *, family: str = FAMILY, **fields: Json) -> Raw:
    """A `create` of an anggota."""
    return {"kind": "create", "entity": ANGGOTA, "id": record, "parent": family, "set": fields}


def a_twin(record: str, *, family: str = FAMILY, nik: str = NIK, **fields: Json) -> Raw:
    """An anggota with everything that makes a double tap recognisable."""
    known: Raw = {"nik": nik, "tanggal_lahir": "1990-05-25", "jenis_kelamin": "perempuan"}
    return a_person(record, family=family, **{**known, **fields})


def a_visit(record: str = VISIT, *, family: str = FAMILY, **fields: Json) -> Raw:
    """A `create` of a kunjungan."""
    return {"kind": "create", "entity": KUNJUNGAN, "id": record, "parent": family, "set": fields}


def a_measurement(record: str = MEASUREMENT, *, person: str = PERSON, **fields: Json) -> Raw:
    """A `create` of a pengukuran."""
    return {"kind": "create", "entity": PENGUKURAN, "id": record, "parent": person, "set": fields}


def an_edit(record: str = FAMILY, *, entity: str = KELUARGA, **fields: Json) -> Raw:
    """A `set` that assigns fields."""
    return {"kind": "set", "entity": entity, "id": record, "set": fields}


def a_persons_edit(record: str = PERSON, **fields: Json) -> Raw:
    return an_edit(record, entity=ANGGOTA, **fields)


def elements(
    group: str = "program",
    *,
    add: list[str] | None = None,
    remove: list[str] | None = None,
    record: str = FAMILY,
    entity: str = KELUARGA,
) -> Raw:
    """A `set` that adds to a set field and takes out of it."""
    raw: Raw = {"kind": "set", "entity": entity, "id": record}
    if add is not None:
        raw["add"] = {group: list[Json](add)}
    if remove is not None:
        raw["remove"] = {group: list[Json](remove)}
    return raw


def an_end(
    record: str = FAMILY,
    *,
    entity: str = KELUARGA,
    end: str = "pindah",
    date: str = "2026-11-01",
    **more: Json,
) -> Raw:
    """An `end`."""
    return {"kind": "end", "entity": entity, "id": record, "end": end, "date": date, **more}


def a_death(record: str = PERSON, date: str = "2026-11-01") -> Raw:
    return an_end(record, entity=ANGGOTA, end="meninggal", date=date)


def a_move(record: str = PERSON, *, to: str = OTHER_FAMILY) -> Raw:
    """A `move` of an anggota."""
    return {"kind": "move", "entity": ANGGOTA, "id": record, "parent": to}
