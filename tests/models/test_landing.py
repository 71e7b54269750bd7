"""Forms that were decided without their village's turn land whole, or leave no trace.

What lands is what the holder of the turn would have written, row by row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Final

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import Session

from models.database import Database
from models.engines import Patience
from models.queries import accounts, auditing, batches, devices, feeds, lanes, records, submissions
from models.queries.feeds import SenderState, Sight
from models.queries.landing import Landing, land
from models.queries.operations import Brought
from models.queries.submissions import Kept
from models.sealing import Vault
from models.tables.accounts import Account, Device
from sync.types import Lane
from tests.api.recording import recorded
from tests.builders import DESA, ELSEWHERE, NIK, Raw, a_family, a_twin, a_visit, an_edit, an_id
from tests.models.kept_forms import AGENT, NOW, a_form
from tests.models.test_batches_together import KNOWN, WORDS, say_something
from tests.models.test_frozen_villages import Turning
from tests.village import Village

PHONES = "ABCDEFGH"
THREADS, FORMS, TRIES_MAX = len(PHONES), 12, 10_000
NOWHERE = "1802219999"
Said = Mapping[str, Sequence[Raw]]
"""What each phone brings; each of them is one form."""
EVENINGS: Final[tuple[Said, ...]] = (
    {
        "A": [a_family(an_id(1)), a_twin(an_id(11), family=an_id(1), nama="CONTOH — É")],
        "B": [a_family(an_id(2), rt="009", telepon="0811")],
    },
    {
        "B": [an_edit(an_id(1), telepon="0811"), a_visit(family=an_id(1))],
        "C": [an_edit(an_id(2), telepon="0812"), a_family(an_id(3))],
        "A": [an_edit(an_id(2), telepon="0813")],
    },
    # What is said of a family that is not here changes no record.
    {"C": [an_edit(an_id(77), telepon="0813")]},
)
OF_ITS_NAME: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("feed", "lane", "operation", "record", "submission"), ("desa",)),
    "audit": ("chain", "hash", "previous"),
    "audit_chain": ("chain", "hash"),
}
"""What the rows of each table have of their village's name; the first is the name."""


def decided(village: Village, sight: Sight, said: Said) -> Landing:
    """Decide an evening upon a village in memory, which goes on with it."""
    noted: list[batches.Noted] = []
    kept: list[Kept] = []
    for name, raws in said.items():
        phone = village.phone(name).pull().capture(*raws)
        plan = phone.send(*phone.outbox).plan
        entry = auditing.AuditEntry(NOW, "submit", device=name, detail={"kata": WORDS})
        lane = plan.lane._replace(desa=sight.desa, extra=KNOWN)
        brought = Brought(name, name, None, NOW, plan.head)
        noted.append(batches.Noted(lane, brought, plan.settled, entry))
        ends = {"first_seq": plan.settled[0].seq, "last_seq": plan.lane.last}
        told = {**ends, "desa": sight.desa, "lane": name, "record": plan.settled[0].record}
        number = plan.head * 100_000 + plan.lane.last * 1000 + ord(name)
        form = a_form(number, instance=WORDS, **told)
        kept.append(Kept(form, bytes(range(256)), AGENT))
    changed = [one for one in village.records.values() if one.seq > sight.head]
    return Landing(sight, noted, [one._replace(desa=sight.desa) for one in changed], kept)


def an_evening(sight: Sight, said: Said = EVENINGS[0], ended: int = 0) -> Landing:
    """Decided upon a village of which nothing has to be known but where it and its lanes end."""
    ends = {name: Lane(name, DESA, ended) for name in said}
    return decided(Village(head=sight.head, lanes=ends, is_examined=False), sight, said)


def begin(database: Database, *desas: str) -> None:
    """Villages in which somebody has written. Each phone has a lane, and two have a device."""
    with database.writing() as session:
        for desa in desas:
            feeds.take_turn(session, desa)
            for name in PHONES:
                owner = lanes.LaneOwner(name, None, "odk")
                lanes.open_lane(session, Lane(name, desa, 0), owner, NOW)
            say_something(session, desa)
        if accounts.account_by_id(session, "ani") is None:
            add_account(session, "ani", "A", "B")


def add_account(session: Session, name: str, *phones: str) -> None:
    """An account and its devices."""
    account = Account(id=name, name=name, display_name=name, role="petugas", created_at=NOW)
    told = {"account_id": name, "name": "", "platform": "", "token_since": NOW, "created_at": NOW}
    accounts.add_account(session, account)
    for phone in phones:
        device = Device.model_validate({**told, "id": phone, "token_digest": f"digest {phone}"})
        devices.add_device(session, device)


def seen(database: Database, desa: str = DESA) -> Sight:
    with database.reading() as session:
        return feeds.sights(session, [(desa, "A")])[desa]


def landed(database: Database, *what: Landing) -> list[bool]:
    """Which of them landed that came at one moment, each of another village."""
    with database.landing() as session:
        written = land(session, what)
    assert written <= {one.desa for one in what}
    return [one.desa in written for one in what]


def write(session: Session, what: Landing) -> None:
    """The same by whoever has the turn."""
    desa = what.sight.desa
    batches.note_batches(session, what.noted)
    records.store_records(session, desa, what.records)
    submissions.add_submissions(session, desa, what.kept)


def left_in(
    database: Database, desa: str = DESA, *, nameless: bool = False
) -> dict[str, list[dict[str, object]]]:
    """Every row of the village with its version, or without that and whatever its name is in."""
    left: dict[str, list[dict[str, object]]] = {}
    with database.reading() as session:
        for table, names in OF_ITS_NAME.items():
            question = f"SELECT xmin::text, * FROM {table} WHERE {names[0]} = '{desa}'"
            hidden = ("xmin", *names) if nameless else ()
            rows = session.connection().exec_driver_sql(question).mappings()
            told = [{n: value for n, value in row.items() if n not in hidden} for row in rows]
            left[table] = sorted(told, key=repr)
    return left


def asked(database: Database, question: str) -> list[object]:
    with database.reading() as session:
        return list(session.connection().exec_driver_sql(question).scalars())


def damage(database: Database) -> list[str]:
    with database.reading() as session:
        return list(auditing.verify(session))


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """A village in which nobody has patience for waiting."""
    with closing(Database.open(postgres_url, patience=Patience(lock_seconds=1))) as database:
        begin(database, DESA)
        yield database


# What lands ---------------------------------------------------------------------------------


@pytest.mark.parametrize("vault", [Vault(b""), Vault(b"secret", Turning())], ids=["open", "sealed"])
def test_what_lands_is_what_the_holder_of_the_turn_would_have_written(
    postgres_url: str, vault: Vault
) -> None:
    village, other = Village(), Village()
    with closing(Database.open(postgres_url, vault=vault)) as database:
        begin(database, DESA, ELSEWHERE)
        for said in EVENINGS:
            ahead = decided(village, seen(database), said)
            assert landed(database, ahead) == [True]
            ordinary = decided(other, seen(database, ELSEWHERE), said)
            with database.writing() as session:
                feeds.take_turn(session, ELSEWHERE)
                write(session, ordinary)
            left = left_in(database, nameless=True)
            assert left == left_in(database, ELSEWHERE, nameless=True)
        assert damage(database) == []
        left = left_in(database)
    counted = (len(left[name]) for name in ("lane", "operation", "record", "submission", "audit"))
    assert [*counted] == [THREADS, 9, 5, 6, 7]
    assert left["feed"][0]["head"] == village.head
    assert (NIK in str(left["record"])) is (vault.cipher is None)


# What cannot land ---------------------------------------------------------------------------

WAYS: Final[dict[str, Callable[[Session], object]]] = {
    "a turn of a village": lambda session: feeds.take_turn(session, DESA),
    "a turn of a lane": lambda session: feeds.take_turn_of(session, DESA, "A", "A"),
    "a turn of senders": lambda session: feeds.take_turn_of_senders(session, DESA, ["A", "B"]),
}


def raise_the_head(session: Session) -> None:
    feeds.raise_head(session, DESA, feeds.take_turn(session, DESA) + 1)


UNCHAIN: Final = f"DELETE FROM audit_chain WHERE chain = '{DESA}'"
HAPPENED: Final[dict[str, Callable[[Session], object]]] = {
    **WAYS,
    "numbers were taken": raise_the_head,
    "numbers were left out": lambda session: feeds.raise_heads(session, 1000),
    "there is no chain": lambda session: session.connection().exec_driver_sql(UNCHAIN),
}


def happens(database: Database, what: Callable[[Session], object]) -> None:
    with database.writing() as session:
        what(session)


@pytest.mark.parametrize("what", HAPPENED)
def test_what_happened_since_the_village_was_seen_lets_nothing_land(
    postgres: Database, what: str
) -> None:
    evening = an_evening(seen(postgres))
    happens(postgres, HAPPENED[what])
    before = left_in(postgres)
    assert landed(postgres, evening) == [False]
    assert left_in(postgres) == before


@pytest.mark.parametrize("way", WAYS)
def test_whoever_has_the_turn_is_not_waited_for(postgres: Database, way: str) -> None:
    evening = an_evening(seen(postgres))
    before = left_in(postgres)
    with postgres.writing() as session:
        WAYS[way](session)
        assert landed(postgres, evening) == [False]
        assert left_in(postgres) == before


def test_a_turn_that_was_rolled_back_was_none(postgres: Database) -> None:
    evening = an_evening(seen(postgres))
    with pytest.raises(KeyError), postgres.writing() as session:  # noqa: PT012 — the turn must precede the error
        raise_the_head(session)
        assert landed(postgres, evening) == [False]
        raise KeyError
    assert landed(postgres, evening) == [True]


def test_of_several_that_land_upon_the_same_sight_only_the_first_does(postgres: Database) -> None:
    sight = seen(postgres)
    one, two = an_evening(sight, {"A": [a_family()]}), an_evening(sight, {"B": [a_family()]})
    assert [landed(postgres, each) for each in (one, two, one)] == [[True], [False], [False]]
    after = left_in(postgres)
    assert landed(postgres, two) == [False]
    assert left_in(postgres) == after
    assert [row["lane"] for row in after["submission"]] == ["A"]
    assert damage(postgres) == []


def test_of_many_that_land_at_once_upon_the_same_sight_one_does(postgres: Database) -> None:
    together = Barrier(THREADS)

    def come(evening: Landing) -> list[bool]:
        together.wait()
        return landed(postgres, evening)

    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(FORMS):
            evening = an_evening(seen(postgres), {"A": [a_family(an_id(number))]}, number)
            found = list(threads.map(come, [evening] * THREADS))
            assert sorted(found) == [[False]] * (THREADS - 1) + [[True]]
    assert asked(postgres, "SELECT count(*) FROM record") == [FORMS]
    assert damage(postgres) == []


def test_what_many_bring_at_once_is_there_once_when_all_tried_again(
    postgres: Database,
) -> None:
    turns = seen(postgres).turns

    def land_it(said: Said, ended: int) -> bool:
        return landed(postgres, an_evening(seen(postgres), said, ended)) == [True]

    def write_it(said: Said, ended: int) -> bool:
        with postgres.writing() as session:
            sight = Sight(DESA, feeds.take_turn(session, DESA), 0, {})
            write(session, an_evening(sight, said, ended))
        return True

    def bring(number: int) -> None:
        # Two of them hold the turn while they write.
        bring_it = write_it if number < 2 else land_it
        for form in range(FORMS):
            said = {PHONES[number]: [a_family(an_id(1000 * number + form))]}
            assert any(bring_it(said, form) for _ in range(TRIES_MAX))

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(bring, range(THREADS)))
    total = THREADS * FORMS
    brought = {an_id(1000 * phone + n) for phone in range(THREADS) for n in range(FORMS)}
    assert (seen(postgres).head, seen(postgres).turns) == (total, turns + total)
    assert asked(postgres, "SELECT seq FROM record ORDER BY 1") == [*range(1, total + 1)]
    assert asked(postgres, "SELECT at FROM operation ORDER BY 1") == [*range(1, total + 1)]
    assert asked(postgres, "SELECT n FROM audit ORDER BY 1") == [*range(1, total + 2)]
    assert asked(postgres, "SELECT record FROM submission ORDER BY 1") == sorted(brought)
    assert asked(postgres, "SELECT last FROM lane") == [FORMS] * THREADS
    assert damage(postgres) == []


# Turns and sights ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_every_turn_is_counted_where_others_decide_without_one(
    database: Database, way: str
) -> None:
    begin(database, DESA)
    for number in range(1, 5):
        counted = number if database.dialect == "postgresql" else 0
        assert asked(database, "SELECT turns FROM feed") == [counted]
        happens(database, WAYS[way])


def test_who_gets_no_turn_is_not_counted(database: Database) -> None:
    begin(database, DESA)
    before = asked(database, "SELECT turns FROM feed")
    with database.writing() as session:
        assert feeds.take_turn_of(session, DESA, "A", "somebody else") is None
        assert feeds.take_turn_of(session, DESA, "no lane", "A") is None
        assert feeds.take_turn_of(session, NOWHERE, "A", "A") is None
        assert feeds.take_turn_of_senders(session, NOWHERE, ["A"]) is None
    assert asked(database, "SELECT turns FROM feed") == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [1, 2, 4], ids=["its own", "not used", "beyond"])
def test_who_merely_took_the_turn_can_put_no_number_on_a_row(
    database: Database, way: str, number: int
) -> None:
    begin(database, DESA)
    (family,) = an_evening(Sight(DESA, 0, 0, {}), {"A": [a_family()]}).records
    with database.writing() as session:
        feeds.take_turn(session, DESA)
        feeds.raise_head(session, DESA, 3)
        records.store_records(session, DESA, [family])
        feeds.use_up_numbers(session, DESA)
    changed = family._replace(seq=number, fields={"telepon": "0811"})
    before = asked(database, "SELECT doc FROM record")
    with pytest.raises((IntegrityError, ProgrammingError)), database.writing() as session:  # noqa: PT012 — the turn precedes it
        WAYS[way](session)
        records.store_records(session, DESA, [changed])
    assert asked(database, "SELECT doc FROM record") == before


def test_a_sight_tells_where_a_village_stands_and_who_its_phones_are(postgres: Database) -> None:
    begin(postgres, ELSEWHERE)
    with postgres.writing() as session:
        raise_the_head(session)
        add_account(session, "budi", "C")
        accounts.set_disabled(session, "budi", NOW)
        devices.revoke_device(session, "B", NOW)
        changed = "UPDATE account SET scope_version = 3, role = 'bidan' WHERE id = 'ani'"
        session.connection().exec_driver_sql(changed)
    here = {
        "A": SenderState("digest A", revoked=False, role="bidan", scope_version=3),
        "B": SenderState("digest B", revoked=True, role="bidan", scope_version=3),
        "C": SenderState("digest C", revoked=True, role="petugas", scope_version=1),
    }
    asking = [(ELSEWHERE, "B"), (NOWHERE, "A"), *((DESA, name) for name in (*here, "stranger"))]
    there = Sight(ELSEWHERE, 0, 1, {"B": here["B"]})
    with postgres.reading() as session, recorded() as statements:
        assert feeds.sights(session, asking) == {DESA: Sight(DESA, 1, 2, here), ELSEWHERE: there}
        assert len(statements) == 1
        assert feeds.sights(session, []) == {}
    with postgres.writing() as session:
        assert feeds.take_turn_of_senders(session, DESA, [*here, "stranger"]) == (1, here)
