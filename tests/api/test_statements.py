"""Push and pull cost the same number of statements for one operation and for five hundred.

And each statement stays inside one village, so that a cluster can keep a village on one node. The
lists are exact: one more statement for each request is a decision, not an accident.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from migrations.distribution import NUMBER_TABLES, REFERENCE_TABLES, VILLAGE_TABLES
from sync.permission import Role
from tests.api.recording import Executed, recorded
from tests.api.world import (
    DESA,
    FAMILY,
    Device,
    World,
    area,
    outcomes,
    record_id,
    serving,
)

CALLER = ["select device"]
"""Who is asking: token, account, areas."""
TURN = {"sqlite": "select feed", "postgresql": "update feed"}
"""The village's turn, for the device that the lane belongs to. PostgreSQL counts it."""
LANE = [
    "select lane",  # how far the lane is, locked
    "select server_state",  # the epoch
]
LOADED = [
    "select record",  # what the batch names, and who bears one of its NIKs or No KKs
    "select operation",  # what the device has brought before under other numbers
]
KIN = ["select record"]
"""What moves along with a family or a person."""
QUESTIONS = ["select conflict"]
UNKNOWN = ["select quarantine"]
"""Does an unknown record wait for its creation?"""
MOVED = ["insert family_left"]
ROWS = ["insert record"]
CLOSED = {"sqlite": ["update feed"], "postgresql": []}
"""SQLite's feed guard knows numbers only: they are closed behind the rows."""
ASKED = ["select conflict", "insert conflict"]
"""A question that was asked before keeps the moment at which it was."""
ASIDE = ["insert quarantine"]
AUDIT = ["select audit_chain", "insert audit", "update audit_chain"]
NOTED = {
    "sqlite": ["update feed", "insert operation", "update lane", *AUDIT],
    "postgresql": ["with feed"],
}
"""Numbers, log, the lane's end and the audit entry: one statement where each is a journey."""
RECEIPT = ["insert receipt"]
PAGE = ["select record"]
CLAIMS = ["insert nik_claim"]
"""After the village's transaction, in one of its own."""
READING = ["select server_state", "select lane", "select feed", "select record"]


def begun(world: World) -> list[str]:
    return [*CALLER, TURN[world.database.dialect], *LANE]


def pushing(world: World, *, loaded: Sequence[str] = LOADED) -> list[str]:
    noted, closed = NOTED[world.database.dialect], CLOSED[world.database.dialect]
    write = [*noted, *ROWS, *closed, *RECEIPT]
    return [*begun(world), *loaded, *write]


def summaries(action: Callable[..., object], *given: object) -> list[str]:
    """What an action does to the database."""
    with recorded() as seen:
        action(*given)
    return [one.summary for one in seen]


@pytest.fixture
def ani(world: World) -> Device:
    """A collector whose contact was noted a moment ago."""
    phone = world.device("ani")
    phone.push([phone.create(FAMILY)])
    return phone


SIZES = (1, 30, 500)


def some(size: int, start: Iterator[int]) -> list[str]:
    """So many new ids."""
    return [record_id(next(start)) for _ in range(size)]


def test_creations_cost_the_same_however_many(world: World, ani: Device) -> None:
    numbers = count(10)
    for size in SIZES:
        batch = [ani.create(record) for record in some(size, numbers)]
        assert summaries(ani.push, batch) == pushing(world)


def test_edits_cost_the_same_however_many(world: World, ani: Device) -> None:
    numbers = count(10)
    for size in SIZES:
        records = some(size, numbers)
        at = ani.push([ani.create(record) for record in records])["at"]
        batch = [ani.edit(record, at, luas_lantai=40) for record in records]
        assert summaries(ani.push, batch) == pushing(world)


def test_a_repeated_batch_costs_its_stored_answers_alone(world: World, ani: Device) -> None:
    numbers = count(10)
    for size in SIZES:
        batch = [ani.create(record) for record in some(size, numbers)]
        ani.push(batch)
        counted = summaries(ani.push, batch)
        assert counted == [*begun(world), "select operation", *RECEIPT]


def test_edits_of_disputed_records_cost_one_question_more(world: World, ani: Device) -> None:
    budi = world.device("budi")
    numbers = count(10)
    plain = pushing(world, loaded=["select record", *QUESTIONS, "select operation"])
    place = plain.index(RECEIPT[0])
    expected = [*plain[:place], *ASKED, *plain[place:]]
    for size in SIZES:
        records = some(size, numbers)
        ani.push([ani.create(record) for record in records])
        ani.push([ani.edit(record, 0, nama_kepala_keluarga="Satu") for record in records])
        budi.push([budi.edit(record, 0, nama_kepala_keluarga="Dua") for record in records])
        at = ani.push([])["at"]
        batch = [ani.edit(record, at, nama_kepala_keluarga="Tiga") for record in records]
        assert summaries(ani.push, batch) == expected


def everything_at_once(ani: Device, budi: Device, numbers: range) -> list[dict[str, Any]]:
    """Conflicts, quarantine, twins, moves, ends, sets and dependents, one of each per number."""
    niks = {n: f"18022101010{n:05d}" for n in numbers}
    ani.push([ani.create(record_id(n)) for n in numbers])
    ani.push([ani.add_member(record_id(n + 1000), record_id(n), nik=niks[n]) for n in numbers])
    at = ani.push([])["at"]
    ani.push([ani.edit(record_id(n), at, nama_kepala_keluarga="Satu") for n in numbers])
    batch = []
    for n, nik in niks.items():
        home, member, other, lost = (record_id(n + kind) for kind in (0, 1000, 2000, 3000))
        batch += [
            budi.edit(home, at, nama_kepala_keluarga="Dua"),
            budi.edit(home, at, rt="004", rw="001"),
            budi.create(other, no_kk=nik),
            budi.add_member(record_id(n + 4000), other, nik=nik),
            budi.op("move", "anggota", member, base=at, parent=other),
            budi.op("set", "keluarga", other, base=0, add={"program": ["pkh"]}),
            budi.create(lost, atap2="seng"),
            budi.add_member(record_id(n + 5000), lost),
            budi.edit(record_id(n + 6000), 0, luas_lantai=1),
            budi.op("end", "keluarga", home, base=at, end="pindah", date="2026-11-02"),
        ]
    return batch


def test_a_batch_in_which_everything_happens_costs_the_same(world: World) -> None:
    ani = world.device("ani")
    budi = world.device("budi", Role.OPERATOR_DESA, [area(DESA)])
    budi.push([])
    loaded = ["select record", *KIN, *UNKNOWN, "select operation"]
    noted, closed = NOTED[world.database.dialect], CLOSED[world.database.dialect]
    write = [*noted, *MOVED, *ROWS, *closed, *ASKED, *ASIDE, *RECEIPT]
    for numbers in (range(100, 101), range(110, 113), range(120, 170)):
        batch = everything_at_once(ani, budi, numbers)
        with recorded() as seen:
            told = budi.push(batch)
        assert {"conflict", "quarantined"} <= set(outcomes(told).values())
        assert [one.summary for one in seen] == [*begun(world), *loaded, *write, *CLAIMS]


def test_a_pull_costs_the_same_however_many_rows_it_brings(ani: Device) -> None:
    at = ani.push([])["at"]
    for size in (1, 500):
        ani.push([ani.create(record) for record in some(size, count(size * 1000))])
        start, at = at, at + size
        assert summaries(ani.pull, start, start) == [
            *CALLER,
            *READING,
            *AUDIT,
        ]
        assert summaries(ani.pull, at, at) == [*CALLER, *READING]


def test_a_sync_costs_its_push_and_a_page(world: World, ani: Device) -> None:
    ani.sync([])
    for size in (1, 300):
        batch = [ani.create(record) for record in some(size, count(size * 1000))]
        counted = summaries(ani.sync, batch)
        assert counted == [*pushing(world), *PAGE, *AUDIT]


def test_digests_cost_two_statements_for_all_rts(world: World) -> None:
    desk = world.device("desk", Role.OPERATOR_DESA, [area(DESA)])
    desk.push([desk.create(FAMILY)])
    desk.sync([])
    for rts in (1, 40):
        digests = {f"{n:03d}/001": "0:0" for n in range(rts)}
        with recorded() as seen:
            desk.sync([], digest=digests)
        assert [one.summary for one in seen] == [
            *CALLER,
            *READING,
            "select record",
            "select record",
        ]


# One village --------------------------------------------------------------------------------

VILLAGE_CONDITION = r'(?:\b|"){table}"?\."?{column}"? = %\((\w+)\)s'
INSERTED = r'\bINSERT INTO "?{table}"? \("?(?P<first>\w+)"?,.*?(?:VALUES \(|SELECT )(?P<rest>.*)'
PARTS = {"head", "entry", "link", "moved", "turn", "raised"}
"""What one part of a statement tells another."""


def villages(statement: Executed, table: str) -> list[str]:
    """The villages that a statement names for a table; none where it names none."""
    column = VILLAGE_TABLES[table]
    found = re.search(INSERTED.format(table=table), statement.text)
    if found is not None:
        if found["first"] != column:
            return []
        bound = re.match(r"(?:CAST\()?%\((\w+)\)s", found["rest"])
        names = [bound[1]] if bound else []
    else:
        names = re.findall(VILLAGE_CONDITION.format(table=table, column=column), statement.text)
    return [str(values[name]) for values in statement.values for name in names]


def distributed(statements: Sequence[Executed]) -> Iterator[tuple[Executed, str]]:
    """Each use of a table that a cluster distributes; other names have to be known ones."""
    harmless = {*REFERENCE_TABLES, *PARTS, "json_to_recordset", "unnest"}
    for statement in statements:
        for table in statement.tables:
            if table in VILLAGE_TABLES:
                yield statement, table
            else:
                assert table in harmless, f"{table} in {statement.text}"


OF_THE_ENGINE = {
    "feed", "record", "lane", "operation", "conflict", "quarantine", "receipt",
    "audit_chain", "audit", "family_left",
}  # fmt: skip
"""Tables that push and pull speak of, all of them a village's."""


def test_every_statement_of_push_and_pull_names_one_village(
    postgres_url: str, tmp_path: Path
) -> None:
    with serving(postgres_url, tmp_path) as world:
        ani = world.device("ani")
        budi = world.device("budi", Role.OPERATOR_DESA, [area(DESA)])
        batch = everything_at_once(ani, budi, range(100, 103))
        with recorded() as seen:
            budi.sync(batch[:7])
            budi.push(batch)
            budi.pull()
            budi.sync([], digest={"003/001": "0:0"})
        inside = [one for one in seen if one.tables[0] not in NUMBER_TABLES]
        assert len(seen) - len(inside) == 2, "claims are written apart, after the push"
        used = list(distributed(inside))
        assert {table for _, table in used} == OF_THE_ENGINE
        for statement, table in used:
            assert set(villages(statement, table)) == {DESA}, (table, statement.text)
