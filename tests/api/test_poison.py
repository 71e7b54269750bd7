"""What the server itself cannot take is set aside alone; the batch and the lane go on.

No operation is known that the database refuses. A trigger in the test's database plays the bug.
"""

import pytest

from tests.api.world import FAMILY, World, outcomes, record_id, refused, rows_by_id

BATCH = 23
POISON = (7, 8, 23)


@pytest.fixture
def poisoned(world: World) -> World:
    """A register whose database fails on the records of `POISON`."""
    _refuse_records(world, [record_id(number) for number in POISON])
    return world


def _refuse_records(world: World, ids: list[str]) -> None:
    listed = ", ".join(f"'{one}'" for one in ids)
    action = "BEGIN SELECT RAISE(ABORT, 'a bug'); END"
    statements = [f"CREATE TRIGGER bug BEFORE INSERT ON record WHEN NEW.id IN ({listed}) {action}"]
    if world.database.dialect == "postgresql":
        body = "$$ BEGIN RAISE EXCEPTION 'a bug'; END $$"
        when = f"BEFORE INSERT ON record FOR EACH ROW WHEN (NEW.id IN ({listed}))"
        statements = [
            f"CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS {body}",
            f"CREATE TRIGGER bug {when} EXECUTE FUNCTION bug()",
        ]
    with world.database.writing() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def test_one_operation_that_the_database_refuses_is_set_aside_as_internal(poisoned: World) -> None:
    ani = poisoned.device("ani")
    batch = [ani.create(record_id(number)) for number in range(1, BATCH + 1)]
    told = ani.sync(batch)
    assert told["acked"] == BATCH
    expected = {seq: "quarantined" if seq in POISON else "applied" for seq in range(1, BATCH + 1)}
    assert dict(poisoned.log(ani.lane)) == expected
    assert {r["seq"]: r["original"] for r in told["results"]} == expected
    assert {r["problem"] for r in told["results"] if r["seq"] in POISON} == {"internal"}
    alive = {record_id(number) for number in range(1, BATCH + 1) if number not in POISON}
    assert rows_by_id(told).keys() == alive
    assert ani.push(batch)["results"] == told["results"]


def test_what_depends_on_it_is_set_aside_with_its_cause(poisoned: World) -> None:
    ani = poisoned.device("ani")
    home, member = record_id(POISON[0]), record_id(100)
    told = ani.push([ani.create(home), ani.add_member(member, home), ani.create(FAMILY)])
    assert [r["original"] for r in told["results"]] == ["quarantined", "quarantined", "applied"]
    assert told["results"][1]["cause"] == f"{ani.lane}:1"


def test_the_lane_goes_on_behind_it(poisoned: World) -> None:
    ani = poisoned.device("ani")
    ani.push([ani.create(record_id(POISON[0]))])
    assert outcomes(ani.push([ani.create(FAMILY)])) == {}


def test_elements_without_a_place_are_kept_once(poisoned: World) -> None:
    ani = poisoned.device("ani")
    batch: list[object] = [ani.create(record_id(1)), 7, ani.create(record_id(POISON[0]))]
    ani.last = 3
    batch[2] = ani.create(record_id(POISON[0])) | {"seq": 3}
    assert ani.push(batch)["acked"] == 3
    assert [outcome for _, outcome in poisoned.log(ani.lane)] == [
        "applied",
        "quarantined",
        "quarantined",
    ]


def test_a_server_that_can_store_nothing_says_so_and_keeps_nothing(world: World) -> None:
    ani = world.device("ani")
    with world.database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE quarantine")
        session.connection().exec_driver_sql("DROP TABLE receipt")
    batch = [ani.create(record_id(number)) for number in range(1, BATCH + 1)]
    problem = refused(ani.offer(batch), 500, "internal")
    assert problem["retry"] == "same"
    assert world.count("operation") == world.count("record") == 0


def test_a_phone_is_answered_while_the_office_s_list_cannot_be_written(world: World) -> None:
    # The list of NIKs crosses villages, is written after the push and can be completed later.
    ani = world.device("ani")
    with world.database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE nik_claim")
    batch = [ani.create(FAMILY), ani.add_member(record_id(2), FAMILY, nik="1802210101010001")]
    assert ani.push(batch)["acked"] == 2
    assert dict(world.log(ani.lane)) == {1: "applied", 2: "applied"}
