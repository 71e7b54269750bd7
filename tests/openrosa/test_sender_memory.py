"""A phone that has just been here is not asked again who it is, and is believed nothing for it."""

from datetime import UTC, datetime, timedelta

from api.openrosa.memory import BELIEVED_FOR, SENDERS_MAX, SenderMemory
from api.security import Principal
from models.queries import accounts
from sync.permission import Role
from sync.scope import Scope
from tests.api.office import DESA, OTHER_DESA
from tests.api.recording import Executed, recorded
from tests.api.world import area
from tests.openrosa.field import Field, record_id


def _asked_who(seen: list[Executed]) -> bool:
    return any(one.tables[:1] == ["device"] for one in seen if one.verb == "select")


def _account(field: Field) -> str:
    ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'ani'")
    return str(account)


def _next(field: Field, number: int) -> bytes:
    return field.proposed(record_id(800 + number), {"nama_kepala_keluarga": "CONTOH"})


def test_the_second_form_of_an_evening_asks_nobody_who_sends_it(field: Field) -> None:
    assert field.key.post(_next(field, 1)).status == 201
    with recorded() as seen:
        assert field.key.post(_next(field, 2)).status == 201
    assert not _asked_who(seen)


def test_after_a_minute_it_is_asked_again(field: Field) -> None:
    assert field.key.post(_next(field, 1)).status == 201
    field.world.clock.advance(BELIEVED_FOR)
    with recorded() as seen:
        assert field.key.post(_next(field, 2)).status == 201
    assert _asked_who(seen)


def test_who_is_asked_again_goes_on_with_the_others(plain_field_ahead: Field) -> None:
    field = plain_field_ahead
    for number in (1, 2):
        assert field.key.post(_next(field, number)).status == 201
    field.world.clock.advance(BELIEVED_FOR)
    with recorded() as seen:
        assert field.key.post(_next(field, 3)).status == 201
    assert _asked_who(seen)
    turns = [one for one in seen if "update feed" in one.text.lower()]
    assert ["SKIP LOCKED" in one.text for one in turns] == [True]


def test_who_is_asked_again_and_was_revoked_meanwhile_is_revoked(plain_field_ahead: Field) -> None:
    field = plain_field_ahead
    for number in (1, 2):
        assert field.key.post(_next(field, number)).status == 201
    field.world.revoke_device(field.key.credentials.device_id)
    field.world.clock.advance(BELIEVED_FOR)
    assert field.key.post(_next(field, 3)).status == 202


def test_a_phone_that_is_revoked_between_two_forms_is_revoked_for_the_second(field: Field) -> None:
    assert field.key.post(_next(field, 1)).status == 201
    field.world.revoke_device(field.key.credentials.device_id)
    assert field.key.post(_next(field, 2)).status == 202
    problems = {problem for (problem,) in field.world.ask("SELECT problem FROM quarantine")}
    assert problems == {"device-revoked"}


def test_an_account_that_is_disabled_between_two_forms_merges_nothing_more(field: Field) -> None:
    assert field.key.post(_next(field, 1)).status == 201
    with field.world.database.writing() as session:
        accounts.set_disabled(session, _account(field), field.world.clock.now())
    assert field.key.post(_next(field, 2)).status == 202


def test_who_was_moved_to_another_village_does_not_write_into_the_old_one(field: Field) -> None:
    assert field.key.post(_next(field, 1)).status == 201
    with field.world.database.writing() as session:
        moved = area(OTHER_DESA)
        ids, now = [record_id(900)], field.world.clock.now()
        assert accounts.replace_areas(session, _account(field), [moved], ids, now)
    field.world.clock.advance(timedelta(seconds=1))
    before = field.world.ask(f"SELECT count(*) FROM record WHERE desa = '{DESA}'")
    field.key.post(_next(field, 2))
    assert field.world.ask(f"SELECT count(*) FROM record WHERE desa = '{DESA}'") == before


def test_a_form_of_a_revoked_phone_that_was_never_here_still_waits(field: Field) -> None:
    field.world.revoke_device(field.key.credentials.device_id)
    assert field.key.post(_next(field, 1)).status == 202


def test_the_memory_has_a_bound_and_forgets_who_was_here_longest_ago() -> None:
    now, memory = datetime(2026, 11, 3, tzinfo=UTC), SenderMemory()
    known = Principal("a", "ani", Role.PETUGAS, Scope(()), "d", revoked=False, session=False)
    for number in range(SENDERS_MAX + 1):
        memory.keep(str(number), known, now)
    assert memory.recall("0", now) is None
    assert memory.recall("1", now) is known
