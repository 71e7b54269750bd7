"""Several batches of one village that are noted at once leave what they leave one after the other.

What they leave is numbers, log, lanes and audit. In PostgreSQL one statement writes all of it and
links the audit entries itself, so the chain is verified as an auditor would.
"""

import pytest
from sqlmodel import Session

from models.database import Database
from models.queries import auditing, feeds, lanes
from models.queries.auditing import AuditEntry
from models.queries.batches import Noted, note_batches
from models.queries.lanes import LaneOwner
from models.queries.operations import Brought
from sync.types import Dot, Lane
from tests.api.recording import recorded
from tests.builders import DESA, ELSEWHERE, a_family, a_person, a_twin, a_visit, an_edit, an_id
from tests.models.kept_forms import NOW
from tests.village import Phone, Village

PHONES = ("A", "B", "C", "D")
KNOWN: frozenset[Dot] = frozenset({("side", 1), ("side", 2)})
WORDS = 'kata "di dalam tanda kutip", garis miring \\, baris\nbaru, \x1f dan é — \u2028 😀'
"""What a canonical text escapes, and what it does not."""


def some_batches(desa: str) -> list[Noted]:
    """What four phones bring to a village: much, little, and what cannot be merged."""
    village = Village()
    said = {
        "A": [a_family(an_id(1)), a_person(an_id(11), family=an_id(1)), a_visit(family=an_id(1))],
        "B": [a_family(an_id(2), rt="009"), an_edit(an_id(77), telepon="0811")],
        "C": [an_edit(an_id(78), telepon=WORDS)],
        "D": [a_family(an_id(3)), a_twin(an_id(13), family=an_id(3), nama=WORDS)],
    }
    return [_noted(village.phone(name).capture(*said[name]), desa) for name in PHONES]


def _noted(phone: Phone, desa: str) -> Noted:
    sent, phone.outbox = phone.outbox, []
    plan = phone.send(*sent).plan
    entry = AuditEntry(
        at=NOW, action="push", device=phone.name, detail={"lane": phone.name, "kata": WORDS}
    )
    brought = Brought(phone.name, phone.device, None, NOW, plan.head)
    return Noted(plan.lane._replace(desa=desa, extra=KNOWN), brought, plan.settled, entry)


def begin(session: Session, desa: str) -> None:
    """The village's turn, and a lane for each phone."""
    feeds.take_turn(session, desa)
    for name in PHONES:
        lanes.open_lane(session, Lane(name, desa, 0), LaneOwner(name, None, "device"), NOW)


def say_something(session: Session, desa: str) -> None:
    """Somebody was here before; the program linked that."""
    auditing.append(session, desa, AuditEntry(at=NOW, action="looked", detail={"kata": WORDS}))


def left_in(session: Session, desa: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is left in a village, but for its name and what follows from that."""
    wanted = {
        "feed": "SELECT head, previous FROM feed WHERE desa = '{}'",
        "operation": "SELECT lane, seq, lineage, hash, kind, record, body, outcome, entry, at, "
        "received_at, captured_at, observed, suspect FROM operation WHERE desa = '{}' "
        "ORDER BY lane, seq",
        "lane": "SELECT lane, last, extra, synced_at FROM lane WHERE desa = '{}' ORDER BY lane",
        "audit": "SELECT n, at, actor, device, action, detail FROM audit WHERE chain = '{}' "
        "ORDER BY n",
        "audit_chain": "SELECT n FROM audit_chain WHERE chain = '{}'",
    }
    return {
        table: [tuple(row) for row in session.connection().exec_driver_sql(question.format(desa))]
        for table, question in wanted.items()
    }


@pytest.mark.parametrize("is_first", [True, False], ids=["very first entries", "later entries"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_batches_that_are_noted_at_once_leave_what_they_leave_one_by_one(
    database: Database, count: int, *, is_first: bool
) -> None:
    for desa, sizes in ((DESA, [count]), (ELSEWHERE, [1] * count)):
        batches = some_batches(desa)
        with database.writing() as session:
            begin(session, desa)
            if not is_first:
                say_something(session, desa)
            for size in sizes:
                note_batches(session, batches[:size])
                del batches[:size]
            feeds.use_up_numbers(session, desa)
    with database.reading() as session:
        together, alone = left_in(session, DESA), left_in(session, ELSEWHERE)
        assert together["feed"][0][0] == alone["feed"][0][0]
        assert {**together, "feed": []} == {**alone, "feed": []}
        assert len(together["audit"]) == count + (not is_first)
        assert [*auditing.verify(session)] == []


def test_what_each_of_them_leaves_is_its_own(database: Database) -> None:
    batches = some_batches(DESA)
    with database.writing() as session:
        begin(session, DESA)
        note_batches(session, batches)
    with database.reading() as session:
        left = left_in(session, DESA)
    assert left["feed"] == [(batches[-1].brought.at, 0)]
    assert [row[:2] for row in left["operation"]] == [
        (one.lane.name, settled.seq) for one in batches for settled in one.settled
    ]
    assert [row[:3] for row in left["lane"]] == [
        (one.lane.name, one.lane.last, lanes.dots_text(one.lane)) for one in batches
    ]
    assert [row[3] for row in left["audit"]] == [*PHONES]


def test_a_chain_that_grew_by_several_links_goes_on_with_whoever_comes_next(
    database: Database,
) -> None:
    batches = some_batches(DESA)
    with database.writing() as session:
        begin(session, DESA)
        say_something(session, DESA)
        note_batches(session, batches[:3])
        say_something(session, DESA)
        note_batches(session, batches[3:])
    with database.reading() as session:
        assert [*auditing.verify(session)] == []
        assert auditing.heads(session)[DESA][0] == 6


def test_the_chain_of_another_village_is_not_touched(database: Database) -> None:
    with database.writing() as session:
        begin(session, ELSEWHERE)
        say_something(session, ELSEWHERE)
        before = left_in(session, ELSEWHERE)
        begin(session, DESA)
        note_batches(session, some_batches(DESA))
        assert left_in(session, ELSEWHERE) == before
        assert [*auditing.verify(session)] == []


def test_a_forgery_among_links_that_were_written_at_once_is_found(database: Database) -> None:
    with database.writing() as session:
        begin(session, DESA)
        say_something(session, DESA)
        note_batches(session, some_batches(DESA))
        session.connection().exec_driver_sql(
            f"UPDATE audit SET device = 'Z' WHERE chain = '{DESA}' AND device = 'B'"
        )
    with database.reading() as session:
        (said,) = auditing.verify(session)
    assert "entry 3" in said


def test_noting_several_batches_is_one_statement_where_a_statement_costs_most(
    postgres_url: str,
) -> None:
    database = Database.open(postgres_url, pool_size=2)
    with database.writing() as session:
        begin(session, DESA)
        say_something(session, DESA)
        with recorded() as seen:
            note_batches(session, some_batches(DESA))
        assert [*auditing.verify(session)] == []
    database.close()
    assert len(seen) == 1
