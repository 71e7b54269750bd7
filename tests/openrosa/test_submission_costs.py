"""A filled form is taken in with a handful of statements, however much it says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.queries import auditing
from models.queries.auditing import AuditEntry
from tests.api.office import DESA
from tests.api.recording import recorded
from tests.openrosa.field import Field, record_id, the_field

CREATION_STATEMENTS_MAX = {"postgresql": 4, "sqlite": 13}
"""The village and who sends, what came before, records; then numbers with log and audit, the
changed records, the form itself. On SQLite, what goes together is written one by one."""
UPDATE_STATEMENTS_MAX = {"postgresql": 4, "sqlite": 14}


def _costs(field: Field, forms: Iterator[bytes]) -> list[int]:
    """Statements of each form after the first, which opens the phone's lane."""
    assert field.key.post(next(forms)).status == 201
    costs = []
    for form in forms:
        with recorded() as seen:
            assert field.key.post(form).status == 201
        costs.append(len(seen))
    return costs


def test_a_new_family_costs_the_same_few_statements_however_large_it_is(field: Field) -> None:
    def families() -> Iterator[bytes]:
        for number, size in enumerate((1, 1, 9)):
            members = [{"nama": f"CONTOH {n}"} for n in range(size)]
            yield field.proposed(
                record_id(700 + number), {"nama_kepala_keluarga": "CONTOH"}, members=members
            )

    small, large = _costs(field, families())
    assert small == large
    assert large <= CREATION_STATEMENTS_MAX[field.world.database.dialect]


def test_an_update_asks_for_the_family_and_no_more(field: Field) -> None:
    def updates() -> Iterator[bytes]:
        for number in range(41, 44):
            # The phone has asked for its list since, so each is the first of a chain of its own.
            branch = f"b1a9c0de-0000-4000-8000-{number:012}"
            base = field.key.version()
            yield field.visited({"luas": str(number)}, base=base, branch=branch)

    assert max(_costs(field, updates())) <= UPDATE_STATEMENTS_MAX[field.world.database.dialect]


def test_the_audit_chain_holds_over_entries_that_either_side_linked(field: Field) -> None:
    """The database links a batch's entry, the program every other one; both in one chain."""
    base = field.key.version()
    for size in ("41", "42"):
        assert field.key.post(field.visited({"luas": size}, base=base)).status == 201
        with field.world.database.writing() as session:
            entry = AuditEntry(
                at=field.world.clock.now(), action="looked", detail={"kata": 'tanda " kutip — é'}
            )
            auditing.append(session, DESA, entry, entry)
    with field.world.database.reading() as session:
        assert [*auditing.verify(session)] == []
        assert auditing.heads(session)[DESA][0] > 6


def test_an_entry_that_had_to_wait_for_the_chain_follows_from_what_it_waited_for(
    postgres_url: str, tmp_path: Path
) -> None:
    """Somebody's reading is noted while a form comes in: the form's entry has to come after it."""
    with the_field(postgres_url, tmp_path / "data") as field, ThreadPoolExecutor(1) as pool:
        form = field.visited({"luas": "41"}, base=field.key.version())
        with field.world.database.writing() as session:
            entry = AuditEntry(at=field.world.clock.now(), action="looked")
            auditing.append(session, DESA, entry)
            sent = pool.submit(field.key.post, form)
            while not sent.done() and not _somebody_waits(field):
                pass
            assert not sent.done()
        assert sent.result().status == 201
        with field.world.database.reading() as session:
            assert [*auditing.verify(session)] == []


def _somebody_waits(field: Field) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(field.world.ask(waiting)[0][0])
