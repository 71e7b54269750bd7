"""What an operation is answered, from what became of its groups."""

from sync.step import GroupResult, entry_of, refusal_entry
from sync.types import Outcome, Problem, Refusal


def test_applied_alone_says_no_more() -> None:
    assert entry_of((GroupResult("alamat", Outcome.APPLIED),)) == {"outcome": "applied"}
    both = (GroupResult("alamat", Outcome.APPLIED), GroupResult("nik", Outcome.APPLIED))
    assert entry_of(both) == {"outcome": "applied"}


def test_one_group_is_named_beside_its_outcome() -> None:
    entry = entry_of((GroupResult("nik", Outcome.CONFLICT, "c1"),))
    assert entry == {"outcome": "conflict", "group": "nik", "conflict": "c1"}


def test_of_two_conflicts_the_first_is_named() -> None:
    handled = (
        GroupResult("alamat", Outcome.APPLIED),
        GroupResult("nik", Outcome.CONFLICT, "c1"),
        GroupResult("nama", Outcome.CONFLICT, "c2"),
    )
    entry = entry_of(handled)
    assert (entry["group"], entry["conflict"]) == ("nik", "c1")


def test_a_refusal_tells_what_it_knows() -> None:
    assert refusal_entry(Refusal(Problem.INTERNAL)) == {
        "outcome": "quarantined",
        "problem": "internal",
    }
    assert refusal_entry(Refusal(Problem.DEPENDS_ON_QUARANTINED, "wait", "A:1")) == {
        "outcome": "quarantined",
        "problem": "depends-on-quarantined",
        "detail": "wait",
        "cause": "A:1",
    }
