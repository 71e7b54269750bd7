"""The file on the phone: what it keeps, what it lets go of, and what a crash leaves."""

import sqlite3
import stat
from pathlib import Path

import pytest
from lokus_client import StoreTooNew, outbox, villages
from lokus_client.copies import apply, everything, places
from lokus_client.fieldtable import FieldTable
from lokus_client.outbox import Settled
from lokus_client.rows import SentRow
from lokus_client.store import Store
from lokus_client.villages import AssignedLane

from tests.clients.world import Crash

DESA = "1802212001"
NO_FIELDS = FieldTable()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "phone.db")
    with store.writing("prepare"):
        villages.assign(store, AssignedLane("lane", DESA, None, 0))
    return store


def queue(store: Store, count: int) -> list[outbox.HeldOperation]:
    with store.writing("queue"):
        return [
            outbox.append(store, DESA, "set", "keluarga", "home", f'{{"mono":{number}}}')
            for number in range(count)
        ]


def acknowledge(store: Store, held: list[outbox.HeldOperation], at: int) -> None:
    with store.writing("settle"):
        outbox.settle(store, [Settled(op.n, at, True, "applied") for op in held])


def test_what_was_committed_is_there_after_opening_again(store: Store, tmp_path: Path) -> None:
    queue(store, 3)
    store.close()
    assert outbox.unsent(Store.open(tmp_path / "phone.db")) == 3


def test_half_a_transaction_is_nothing(tmp_path: Path) -> None:
    points: list[str] = []

    def dies_before_the_second_commit(point: str) -> None:
        points.append(point)
        if point == "queue:before-commit":
            raise Crash

    store = Store.open(tmp_path / "phone.db", checkpoint=dies_before_the_second_commit)
    with store.writing("prepare"):
        villages.assign(store, AssignedLane("lane", DESA, None, 0))
    with pytest.raises(Crash):
        queue(store, 2)
    assert outbox.unsent(store) == 0
    assert villages.get(store, DESA).next_seq == 1
    assert "prepare:after-commit" in points


def test_writes_survive_power_loss_by_full_synchronisation(store: Store) -> None:
    assert store.number("PRAGMA synchronous") == 2
    mode = store.one("PRAGMA journal_mode")
    assert mode is not None
    assert mode[0] == "wal"


@pytest.mark.usefixtures("store")
def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "phone.db").stat().st_mode) == 0o600


def test_a_store_of_a_later_version_is_left_alone(store: Store, tmp_path: Path) -> None:
    store.close()
    connection = sqlite3.connect(tmp_path / "phone.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew):
        Store.open(tmp_path / "phone.db")


def test_operations_stand_in_their_lane_without_gaps(store: Store) -> None:
    assert [operation.seq for operation in queue(store, 3)] == [1, 2, 3]
    assert queue(store, 1)[0].wire_text() == '{"seq":4,"mono":0}'


def test_a_batch_keeps_within_bytes_but_is_never_empty(store: Store) -> None:
    queue(store, 10)
    for bytes_max, expected in ((1, 1), (45, 2), (10_000, 10)):
        batch = outbox.next_batch(store, DESA, "lane", operations_max=500, bytes_max=bytes_max)
        assert len(batch) == expected


def test_an_operation_leaves_the_overlay_when_the_pull_has_come_to_it(store: Store) -> None:
    first, second = queue(store, 2)
    acknowledge(store, [first], 7)
    acknowledge(store, [second], 9)
    for position, shown in ((6, [first.n, second.n]), (8, [second.n]), (3, [second.n])):
        with store.writing("page"):
            outbox.reached(store, DESA, position)
        assert [operation.n for operation in outbox.in_overlay(store)] == shown


def test_only_what_is_durable_and_out_of_the_overlay_is_let_go(store: Store) -> None:
    held = queue(store, 4)
    acknowledge(store, held[:3], 7)
    with store.writing("durable"):
        outbox.reached(store, DESA, 7)
        assert outbox.mark_durable(store, DESA, "lane", 2) == 2
        assert outbox.purge(store, DESA) == 2
    assert [operation.seq for operation in outbox.everything(store)] == [3, 4]


def test_letting_go_leaves_no_hole_behind(store: Store) -> None:
    held = queue(store, 3)
    acknowledge(store, held, 7)
    with store.writing("durable"):
        outbox.reached(store, DESA, 7)
        outbox.mark_durable(store, DESA, "lane", 3)
        store.run("UPDATE operations SET landed = 0 WHERE seq = 2")
        outbox.purge(store, DESA)
    assert [operation.seq for operation in outbox.everything(store)] == [2, 3]


def test_a_duplicate_does_not_vouch_for_an_earlier_lane(store: Store) -> None:
    old = queue(store, 1)
    acknowledge(store, old, 20)
    with store.writing("fork"):
        villages.replace_lane(store, DESA, "second", outbox.renumber(store, DESA, "second"))
    new = queue(store, 1)
    with store.writing("settle"):
        outbox.settle(store, [Settled(new[0].n, 30, False, "applied")])
        assert outbox.mark_durable(store, DESA, "second", 1) == 1
    assert [operation.state for operation in outbox.everything(store)] == ["acked", "durable"]


def test_a_queue_moves_into_a_new_lane_in_the_order_in_which_it_was_made(store: Store) -> None:
    held = queue(store, 3)
    acknowledge(store, held[:1], 5)
    with store.writing("fork"):
        assert outbox.renumber(store, DESA, "second") == 3
    moved = [(operation.lane, operation.seq) for operation in outbox.everything(store)]
    assert moved == [("lane", 1), ("second", 1), ("second", 2)]
    assert [op.hash for op in outbox.everything(store)] == [op.hash for op in held]


def test_rows_stand_in_the_rt_of_their_family(store: Store) -> None:
    rows = [
        SentRow("keluarga", "home", 1, doc={"rt": "003", "rw": "001"}),
        SentRow("anggota", "child", 2, doc={}, parent="home"),
        SentRow("pengukuran", "weight", 3, doc={}, parent="child"),
        SentRow("anggota", "twin", 4, alias="child"),
        SentRow("keluarga", "bare", 5, doc={"rt": "003"}),
        SentRow("keluarga", "nowhere yet", 8, doc={}),
        SentRow("keluarga", "merged", 6, alias="home", rt="009/009"),
        SentRow("anggota", "orphan", 7, doc={}, parent="nowhere"),
    ]
    with store.writing("rows"):
        assert apply(store, DESA, rows, NO_FIELDS) == 8
    assert {place.id: place.rt for place in places(store, DESA)} == {
        "home": "003/001",
        "child": "003/001",
        "weight": "003/001",
        "twin": "003/001",
        "bare": "003/",
        "nowhere yet": "",
        "merged": "009/009",
        "orphan": None,
    }


def test_a_large_page_is_taken_in_a_few_statements(store: Store) -> None:
    statements: list[str] = []
    store.watch(statements.append)
    rows = [SentRow("keluarga", f"{n:036}", n, doc={"rt": "001", "rw": ""}) for n in range(2000)]
    with store.writing("rows"):
        apply(store, DESA, rows, NO_FIELDS)
    kinds = {statement.partition(" (")[0] for statement in statements}
    assert len(kinds) < 10
    assert len(everything(store)) == 2000
