"""Forms that are decided before their village's turn: what lands, what does not, and beside whom.

Everything here is PostgreSQL's: SQLite's one writer has the whole database for itself.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count, zip_longest
from threading import Barrier

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from models.database import Database
from models.queries import feeds
from models.queries.submissions import MERGED
from tests.api.office import DESA, OTHER_DESA
from tests.api.recording import Executed, recorded
from tests.api.test_statements import distributed, villages
from tests.api.village import assert_sound
from tests.openrosa.evenings import Crowd, Letter, NewFamily, Told, Visit
from tests.openrosa.field import Field, record_id
from tests.openrosa.gatherings import ahead, gather, landed
from tests.openrosa.inventing import evenings
from tests.openrosa.test_together import a_family, phones, send, statuses, turns
from tests.openrosa.test_together_with_others import ALONE, in_a_village

EXAMPLES = 25
PHONES = (0, 1, 2, 5)
"""Of collectors who work in the RT of the new families, no two of one collector."""
SERVERS = 3
FORMS = 8
"""Of each phone at each server."""


@pytest.fixture
def field(plain_field_ahead: Field) -> Field:
    return plain_field_ahead


def written(field: Field, *told: Told) -> list[Letter]:
    letters: list[Letter] = []
    for one in told:
        letters.append(one.written(field, letters))
    return letters


def _a_family(field: Field, name: str, number: int, phone: int) -> Letter:
    raw = field.proposed(record_id(number), {"luas": "30"}, instance_id=f"uuid:{name}")
    return Letter(phone, f"uuid:{name}", raw)


# As if one after the other --------------------------------------------------------------------


def test_forms_of_two_villages_that_are_decided_in_one_moment_end_as_each_would_have(
    field: Field,
) -> None:
    at_once = 0

    # How many of them are decided at once is asked below, and differs from seed to seed.
    @settings(max_examples=EXAMPLES, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(evening=evenings(4), other=evenings(4))
    def ends_alike(evening: list[Crowd], other: list[Crowd]) -> None:
        nonlocal at_once
        villages = [gather(field, with_lanes=True) for _ in range(2)]
        twins = [gather(field, with_lanes=True) for _ in range(2)]
        came: tuple[list[Letter], list[Letter]] = ([], [])
        for crowds in zip_longest(evening, other, fillvalue=Crowd(())):
            sent = []
            for village, crowd, before in zip(villages, crowds, came, strict=True):
                letters: list[Letter] = []
                for told in crowd.forms:
                    letters.append(told.written(field, [*before, *letters]))
                before.extend(letters)
                sent.append((village, letters))
            for twin, (served, there) in zip(twins, ahead(sent), strict=True):
                at_once += there
                alone = [twin.alone(one.letter, one.now) for one in served]
                assert [one.said for one in served] == [one.said for one in alone]
        for village, twin in zip(villages, twins, strict=True):
            assert village.left() == twin.left()
            assert village.damage() == []

    ends_alike()
    assert at_once > EXAMPLES
    assert_sound(field.world)


def test_forms_of_an_evening_land_and_need_no_turn(field: Field) -> None:
    here, there = gather(field, with_lanes=True), gather(field, with_lanes=True)
    sent = [
        (village, letter)
        for phone in PHONES
        for village in (here, there)
        for letter in [_a_family(field, f"new {village.desa} {phone}", 800 + phone, phone)]
    ]
    with recorded() as seen:
        answers = landed(sent, here.now())
    assert [one.state for one in answers if one is not None] == [MERGED] * len(sent)
    *looks, landing = seen
    assert {one.verb for one in looks} == {"select"}
    assert not any("FOR UPDATE" in one.text for one in looks)
    told = orjson.loads(str(landing.values[0]["villages"]))
    assert {one["desa"] for one in told} == {here.desa, there.desa}


def test_forms_that_are_here_are_answered_while_somebody_has_the_turn(field: Field) -> None:
    village = gather(field, with_lanes=True)
    letter = _a_family(field, "twice", 800, 1)
    assert landed([(village, letter)], village.now()) != [None]
    with field.world.database.writing() as session:
        feeds.take_turn(session, village.desa)
        (again,) = landed([(village, letter)], village.now())
    assert again is not None
    assert again.is_repeated


# What has to be heard in a turn ----------------------------------------------------------------


@pytest.mark.parametrize("name", ALONE)
def test_a_form_that_needs_a_closer_look_leaves_nothing_behind(field: Field, name: str) -> None:
    village, came = in_a_village(field)
    before = village.left()
    assert landed([(village, ALONE[name].written(field, came))], village.now()) == [None]
    assert village.left() == before


def test_the_first_form_of_a_phone_has_to_open_its_lane_first(field: Field) -> None:
    village = gather(field)
    (first,) = written(field, NewFamily(2, 0, ()))
    before = village.left()
    assert landed([(village, first)], village.now()) == [None]
    assert village.left() == before
    assert [one.taken.state for one in village.ahead([first])] == [MERGED]


def test_what_a_person_has_to_judge_leaves_no_question_before_its_turn(field: Field) -> None:
    village, other = gather(field, with_lanes=True), gather(field, with_lanes=True)
    for phone, size in ((1, "31"), (2, "32")):
        (letter,) = written(field, Visit(phone, 0, 0, ("luas", size)))
        letters = [(village, letter), (other, _a_family(field, f"b {phone}", 800 + phone, phone))]
        before = village.left()
        question, beside = landed(letters, village.now())
        assert beside is not None
        if phone == 1:
            assert question is not None
            continue
        assert question is None
        assert village.left() == before
        assert village.alone(letter).taken.to_be_judged == 1


def test_who_is_no_longer_who_it_was_is_asked_who_it_is(field: Field) -> None:
    village = gather(field, with_lanes=True)
    field.world.revoke_device(village.phones[1].credentials.device_id)
    before = village.left()
    answers = landed(
        [(village, _a_family(field, f"r {phone}", 800 + phone, phone)) for phone in (1, 2)],
        village.now(),
    )
    assert answers[0] is None
    assert answers[1] is not None
    assert village.left() != before


# Beside others --------------------------------------------------------------------------------


def test_a_village_whose_turn_somebody_has_is_not_waited_for(field: Field) -> None:
    busy, free = gather(field, with_lanes=True), gather(field, with_lanes=True)
    sent = [(one, _a_family(field, f"w {one.desa}", 800, 1)) for one in (busy, free)]
    with field.world.database.writing() as session:
        feeds.take_turn(session, busy.desa)
        answers = landed(sent, free.now())
    assert answers[0] is None
    assert answers[1] is not None
    assert landed(sent[:1], free.now()) != [None]


REFUSING = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the disk of this village is broken';
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON submission FOR EACH ROW
    WHEN (NEW.desa = '{desa}') EXECUTE FUNCTION refuse()
"""


def test_whoever_comes_with_what_cannot_land_leaves_no_trace_before_its_turn(field: Field) -> None:
    broken, *others = (gather(field, with_lanes=True) for _ in range(3))
    villages = [others[0], broken, others[1]]
    sent = [(one, _a_family(field, f"s {one.desa}", 800, 1)) for one in villages]
    with field.world.database.writing() as session:
        session.connection().exec_driver_sql(REFUSING.format(desa=broken.desa))
    before = [one.left() for one in villages]
    with pytest.raises(DBAPIError, match="P0001"):
        landed(sent, broken.now())
    assert [one.left() for one in villages] == before
    for village, letter in (sent[0], sent[2]):
        assert village.alone(letter).taken.state == MERGED
    with pytest.raises(DBAPIError, match="P0001"):
        broken.alone(sent[1][1])
    assert [one.left() == then for one, then in zip(villages, before, strict=True)] == [
        False,
        True,
        False,
    ]
    with field.world.database.writing() as session:
        session.connection().exec_driver_sql("DROP FUNCTION refuse CASCADE")
    assert [one is not None for one in landed(sent, broken.now())] == [True] * 3
    assert all(one.damage() == [] for one in villages)


def test_whoever_comes_with_what_cannot_land_is_answered_in_its_turn(field: Field) -> None:
    here, there = phones(field, 4), phones(field, 4, desa=OTHER_DESA)
    sent = [
        (phone, a_family(field, 800 + number))
        for number, pair in enumerate(zip(here, there, strict=True))
        for phone in pair
    ]
    with field.world.database.writing() as session:
        session.connection().exec_driver_sql(REFUSING.format(desa=OTHER_DESA))
    assert statuses(send(field, sent)) == [201, 500] * 4
    with field.world.database.writing() as session:
        session.connection().exec_driver_sql("DROP FUNCTION refuse CASCADE")
    # Whose form was not kept sends it again.
    assert statuses(send(field, sent)) == [201] * 8
    assert field.world.ask("SELECT count(*) FROM submission") == [(16,)]
    assert_sound(field.world)


@contextmanager
def before_statement(number: int, happens: Callable[[], object]) -> Iterator[None]:
    """Something that happens once in the block: when so many statements were executed."""
    executed = count()

    def note(*_: object) -> None:
        if next(executed) == number:
            happens()

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert next(executed) > number


def test_what_somebody_writes_after_the_first_question_lets_nothing_land_upon_the_others(
    field: Field,
) -> None:
    village = gather(field, with_lanes=True)
    ours, theirs = count(800), count(900)

    def taken_in(number: int) -> bool:
        """While another phone's form is taken in alone, before the statement of that number."""
        letter = _a_family(field, f"ours {number}", next(ours), 1)
        other = _a_family(field, f"theirs {number}", next(theirs), 2)
        with before_statement(number, lambda: village.alone(other)):
            return landed([(village, letter)], village.now()) != [None]

    assert [taken_in(number) for number in range(4)] == [True, False, False, False]
    assert village.damage() == []


def test_servers_that_decide_beside_each_other_lose_and_double_nothing(field: Field) -> None:
    """Several processes over one database, and the same villages at each of them."""
    villages = [gather(field, with_lanes=True), gather(field, with_lanes=True)]
    url = field.world.settings.database_url
    databases = [Database.open(url, pool_size=4, vault=field.world.database.vault) for _ in PHONES]
    begin = Barrier(SERVERS)
    now = villages[0].now()

    def serve(server: int) -> int:
        """Its own phone of each village, form after form; those that do not land come again."""
        begin.wait()
        tries = 0
        for number in range(FORMS):
            phone, name = PHONES[server], f"s {server} {number}"
            sent = [
                (one, _a_family(field, f"{name} {one.desa}", 900 + server * 100 + number, phone))
                for one in villages
            ]
            while sent:
                tries += 1
                told = villages[0].landed_through(databases[server], sent, now)
                sent = [one for one, taken in zip(sent, told, strict=True) if taken is None]
        return tries

    with ThreadPoolExecutor(SERVERS) as pool:
        tries = sum(pool.map(serve, range(SERVERS)))
    for database in databases:
        database.close()
    assert tries >= SERVERS * FORMS
    for village in villages:
        kept = field.world.ask(f"SELECT instance FROM submission WHERE desa = '{village.desa}'")
        ours = [name for (name,) in kept if name.startswith("uuid:s ")]
        assert len(ours) == len(set(ours)) == SERVERS * FORMS
        assert village.damage() == []
    assert_sound(field.world)


# One village --------------------------------------------------------------------------------


def test_whatever_a_crowd_writes_names_its_village(field: Field) -> None:
    """Each set of rows says of each row where it belongs."""
    crowd = phones(field, 4)
    base = crowd[0].version()
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    sent[0] = crowd[0], field.visited({"luas": "31"}, base=base)
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * 4
    assert turns(seen) == 1
    *looks, landing = seen
    assert {one.verb for one in looks} == {"select"}
    told = [value for value in landing.values[0].values() if isinstance(value, str)]
    sets = [orjson.loads(value) for value in told]
    assert len(sets) == 5
    assert {row["desa"] for rows in sets for row in rows} == {DESA}


def test_every_statement_of_a_crowd_in_its_turn_names_its_village(field: Field) -> None:
    crowd = phones(field, 4)
    # One of them has to wait for a person, so all that come after it are heard in their turn.
    field.world.revoke_device(crowd[0].credentials.device_id)
    assert crowd[0].post(a_family(field, 750)).status == 202
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [202, 201, 201, 201]
    begun = next(n for n, one in enumerate(seen) if one.text.startswith("WITH turn AS (UPDATE"))
    assert_all_of_one_village(seen[begun:])


def assert_all_of_one_village(statements: Sequence[Executed]) -> None:
    used = list(distributed(statements))
    assert {table for _, table in used} >= {"feed", "record", "operation", "lane", "submission"}
    for statement, table in used:
        assert set(villages(statement, table)) == {DESA}, (table, statement.text)
