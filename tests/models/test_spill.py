"""Rows on disk: sorted by place, joined by key, and gone when the block ends."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.spill import Head, Part, Refused, Row, Spill, Tail, spilling


def a_head(key: str, number: int, place: str = "b", mark: str = "", file: int = 0) -> Head:
    return Head(place, key, file, number, mark, f"head {number}")


def a_tail(key: str, number: int, mark: str = "") -> Tail:
    return Tail(key, 1, number, mark, f"tail {number}")


@pytest.fixture
def spill() -> Iterator[Spill]:
    with spilling() as opened:
        yield opened


def bodies(spill: Spill, place: str) -> list[list[str]]:
    return [[part.body for part in group] for group in spill.groups(place)]


def test_tails_come_behind_the_head_whose_key_they_have(spill: Spill) -> None:
    spill.put_tails([a_tail("k2", 3), a_tail("k1", 2), a_tail("k2", 1)])
    spill.put_heads([a_head("k2", 7), a_head("k1", 8, place="a"), a_head("k3", 9)])
    spill.settle()
    assert spill.places() == {"a": 1, "b": 2}
    assert bodies(spill, "a") == [["head 8", "tail 2"]]
    assert bodies(spill, "b") == [["head 7", "tail 1", "tail 3"], ["head 9"]]
    assert bodies(spill, "b") == bodies(spill, "b")
    assert spill.tail_count() == 3


def test_rows_without_tails_are_gathered_by_their_key(spill: Spill) -> None:
    spill.put_heads([a_head("k", 2), a_head("l", 3), a_head("k", 1)])
    spill.settle()
    assert bodies(spill, "b") == [["head 1", "head 2"], ["head 3"]]
    assert spill.places() == {"b": 2}


def test_later_heads_of_a_key_are_twins_of_the_first(spill: Spill) -> None:
    spill.put_heads([a_head("k", 5), a_head("k", 2, file=1), a_head("k", 9), a_head("l", 1)])
    spill.settle()
    assert list(spill.twins()) == [(Row(0, 9), Row(0, 5)), (Row(1, 2), Row(0, 5))]
    spill.drop_twins()
    assert list(spill.twins()) == []
    assert bodies(spill, "b") == [["head 5"], ["head 1"]]


def test_tails_without_a_head_say_whether_one_was_refused(spill: Spill) -> None:
    refused = Refused(0, 4, "why", "column", "k")
    spill.put_tails([a_tail("k", 1), a_tail("none", 2), a_tail("there", 3)])
    spill.put_heads([a_head("there", 1)])
    spill.refuse([refused, Refused(0, 6, "later", "", "k"), Refused(1, 1, "x", "", "")])
    spill.settle()
    assert list(spill.orphans()) == [(Row(1, 1), refused), (Row(1, 2), None)]
    spill.drop_orphans()
    assert list(spill.orphans()) == []
    assert spill.tail_count() == 1
    assert [(row.file, row.number) for row in spill.refused()] == [(0, 4), (0, 6), (1, 1)]
    assert spill.refused_count() == 3


def test_equal_marks_are_found_in_heads_and_tails(spill: Spill) -> None:
    spill.put_heads([a_head("k", 1, mark="x"), a_head("l", 2)])
    spill.put_tails([a_tail("k", 3, mark="x"), a_tail("k", 4, mark="y"), a_tail("k", 5)])
    spill.settle()
    assert list(spill.marked_alike()) == [[Row(0, 1), Row(1, 3)]]


def test_another_thread_may_go_on_reading(spill: Spill) -> None:
    spill.put_heads([a_head("k", 1), a_head("l", 2)])
    spill.settle()
    groups = spill.groups("b")
    found: list[list[Part]] = []
    next(groups)
    reader = threading.Thread(target=lambda: found.extend(groups))
    reader.start()
    reader.join()
    assert [part.number for part in found[0]] == [2]


def test_rows_are_in_no_file_that_anybody_could_open(spill: Spill) -> None:
    spill.put_heads(a_head(f"{number}", number, mark="x" * 500) for number in range(60_000))
    spill.settle()
    ours = [name for name in map(_target, Path("/proc/self/fd").iterdir()) if "etilqs" in name]
    assert ours, "nothing was put on disk"
    assert all(name.endswith("(deleted)") for name in ours)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""  # of the listing itself, which is closed by now
