"""Phones of one village that send in one moment are served together, and each as if alone."""

from collections.abc import Sequence

import pytest

from api.openrosa.submissions import PLAIN_BYTES_MAX
from api.services.submitting_together import TOGETHER_MAX
from models.queries import accounts, auditing
from tests.api.calling import Answer
from tests.api.office import DESA, OTHER_DESA, RT
from tests.api.recording import Executed, recorded
from tests.api.village import assert_sound
from tests.api.world import World, area
from tests.openrosa.field import Field, Key, record_id

PHONES = 10
CROWD_STATEMENTS_MAX = {"postgresql": 4, "sqlite": 10 + 2 * PHONES}
"""Of ten new families: the village and who sends, what came before, records; then all that is
written. On SQLite, where a statement is a function call, each form and each lane is written by
itself."""
OTHER_BRANCH = "b1a9c0de-0000-4000-8000-000000000002"


def phones(field: Field, count: int, *, desa: str = DESA) -> list[Key]:
    """Phones of different collectors of one village, all of whom were here a moment ago."""
    made = [field.phone(f"hp{n}-{desa}", areas=[area(desa, RT)]) for n in range(count)]
    for number, phone in enumerate(made):
        assert phone.post(a_family(field, 700 + number)).status == 201
    return made


def a_family(field: Field, number: int, **more: str) -> bytes:
    told = {"nama_kepala_keluarga": f"CONTOH {number}", "luas": "30"}
    return field.proposed(record_id(number), told, **more)


def send(field: Field, sent: Sequence[tuple[Key, bytes]]) -> list[Answer]:
    return field.at_once(*(phone.sending(xml) for phone, xml in sent))


def statuses(answers: Sequence[Answer]) -> list[int]:
    return [answer.status for answer in answers]


def turns(seen: Sequence[Executed]) -> int:
    """How often it was asked who sends by now: once by a crowd, once by whoever comes alone."""
    return sum("scope_version" in one.text and "feed" in one.tables for one in seen)


def assert_whole(field: Field) -> None:
    """The register proves itself, and nobody has changed what was written down about it."""
    assert_sound(field.world)
    with field.world.database.reading() as session:
        assert [*auditing.verify(session)] == []


# Many at once -------------------------------------------------------------------------------


def test_ten_phones_that_send_at_once_are_all_answered_and_each_form_is_kept_once(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, PHONES)
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * PHONES
    assert turns(seen) == 1
    kept = [bytes(xml) for (xml,) in field.world.ask("SELECT xml FROM submission")]
    assert all(kept.count(xml) == 1 for _, xml in sent)
    assert field.states() == ["merged"] * 2 * PHONES
    for number in range(PHONES):
        told = field.document(record_id(800 + number))
        assert told["nama_kepala_keluarga"] == f"CONTOH {800 + number}"
    assert_whole(field)


def test_each_form_of_a_crowd_speaks_in_the_name_of_its_own_phone(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 4)
    send(field, [(phone, a_family(field, 800 + n)) for n, phone in enumerate(crowd)])
    rows = field.world.ask(
        "SELECT submission.device_id, lane.lineage, operation.record FROM submission "
        "JOIN lane USING (desa, lane) JOIN operation USING (desa, lane) "
        "WHERE operation.seq = submission.first_seq ORDER BY operation.record"
    )
    told = [(sender, speaker, str(record)) for sender, speaker, record in rows]
    ids = [phone.credentials.device_id for phone in crowd]
    families = [record_id(first + n) for first in (700, 800) for n in range(4)]
    assert told == [(one, one, home) for one, home in zip(ids * 2, families, strict=True)]


def test_a_crowd_costs_about_what_one_form_costs(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, PHONES)
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * PHONES
    assert len(seen) <= CROWD_STATEMENTS_MAX[field.world.database.dialect]


def test_a_large_form_comes_alone_and_keeps_nobody_waiting(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    large = a_family(field, 800) + b" " * PLAIN_BYTES_MAX
    sent = [(crowd[0], large), *((p, a_family(field, 801 + n)) for n, p in enumerate(crowd[1:]))]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * 3
    # Where forms are decided ahead, the large one's turn may come between seeing and landing.
    assert turns(seen) in {"sqlite": {2}, "postgresql": {2, 3}}[field.world.database.dialect]
    assert field.states() == ["merged"] * 6


def test_more_phones_than_are_served_together_are_two_crowds(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, TOGETHER_MAX + 4)
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * len(crowd)
    assert turns(seen) == 2
    assert field.states() == ["merged"] * 2 * len(crowd)
    assert_whole(field)


def test_a_full_crowd_updates_as_many_families_with_all_of_their_people(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, TOGETHER_MAX)
    listed = crowd[0].entity_list("keluarga")
    sent = [
        (
            phone,
            field.visited(
                {"luas": str(31 + number)},
                base=int(listed[record_id(700 + number)]["__version"]),
                record=record_id(700 + number),
                branch=f"branch {number}",
                members=[{"nama": f"ANAK {number}"}, {"nama": f"CUCU {number}"}],
            ),
        )
        for number, phone in enumerate(crowd)
    ]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * TOGETHER_MAX
    assert turns(seen) == 1
    for number in range(TOGETHER_MAX):
        assert field.document(record_id(700 + number))["luas_lantai"] == 31 + number
    people = field.world.ask(
        "SELECT keluarga, count(*) FROM record WHERE entity = 'anggota' GROUP BY keluarga"
    )
    assert sorted(str(home) for home, count in people if count == 2) == [
        record_id(700 + number) for number in range(TOGETHER_MAX)
    ]
    assert field.world.count("conflict") == field.world.count("quarantine") == 0
    assert_whole(field)


def test_whoever_was_not_here_a_moment_ago_is_served_beside_the_others(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    stranger = field.phone("baru")
    sent = [(phone, a_family(field, 800 + n)) for n, phone in enumerate([*crowd, stranger])]
    assert statuses(send(field, sent)) == [201] * 4
    assert field.states() == ["merged"] * 7
    assert_whole(field)


@pytest.mark.parametrize("is_cluster", [False, True])
def test_forms_of_two_villages_share_a_statement_only_where_one_node_has_both(
    plain_field: Field, is_cluster: bool
) -> None:
    field = plain_field
    if is_cluster:
        become_a_cluster(field.world)
    here, there = phones(field, 4), phones(field, 4, desa=OTHER_DESA)
    sent = [
        (phone, a_family(field, 800 + number))
        for number, pair in enumerate(zip(here, there, strict=True))
        for phone in pair
    ]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * 8
    is_one = field.world.database.dialect == "postgresql" and not is_cluster
    assert turns(seen) == (1 if is_one else 2)
    where = "SELECT desa, count(*) FROM submission GROUP BY desa ORDER BY desa"
    assert field.world.ask(where) == [(DESA, 8), (OTHER_DESA, 8)]
    if field.world.database.dialect == "postgresql":
        wrote = _villages_by_transaction(field.world)
        assert len(wrote) >= 10
        together = [desas for desas in wrote.values() if len(desas) > 1]
        assert together == ([] if is_cluster else [{DESA, OTHER_DESA}])
    assert_whole(field)


def become_a_cluster(world: World) -> None:
    """What a new connection takes for one: its catalog is there."""
    with world.database.writing() as session:
        session.connection().exec_driver_sql("CREATE TABLE pg_dist_partition (n INTEGER)")
    world.database.close()


def _villages_by_transaction(world: World) -> dict[str, set[str]]:
    """Whose rows each transaction wrote last, among those that forms leave."""
    found: dict[str, set[str]] = {}
    for table in ("submission", "record", "operation", "lane", "feed"):
        for transaction, desa in world.ask(f"SELECT CAST(xmin AS text), desa FROM {table}"):
            found.setdefault(transaction, set()).add(desa)
    return found


# Who is no longer who it was ----------------------------------------------------------------


def test_what_a_phone_says_that_was_revoked_meanwhile_waits_and_the_others_are_merged(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, 4)
    lost = crowd[1].credentials.device_id
    field.world.revoke_device(lost)
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    assert statuses(send(field, sent)) == [201, 202, 201, 201]
    waiting = field.world.ask(
        "SELECT DISTINCT lane.lineage, quarantine.problem FROM quarantine "
        "JOIN lane USING (desa, lane)"
    )
    assert waiting == [(lost, "device-revoked")]
    families = {str(one) for (one,) in field.world.ask("SELECT id FROM record")}
    assert {record_id(n) for n in (800, 802, 803)} <= families
    assert record_id(801) not in families
    assert_whole(field)


def test_a_phone_that_stays_revoked_goes_with_the_others_and_waits_alone(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    field.world.revoke_device(crowd[0].credentials.device_id)
    assert crowd[0].post(a_family(field, 750)).status == 202
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [202, 201, 201]
    # Where forms are decided ahead, it is seen there first that a person has to judge one of them.
    assert turns(seen) == {"sqlite": 1, "postgresql": 2}[field.world.database.dialect]
    assert_whole(field)


def test_an_account_that_was_moved_meanwhile_writes_nothing_into_its_old_village(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    ((account,),) = field.world.ask(f"SELECT id FROM account WHERE name = 'hp1-{DESA}'")
    with field.world.database.writing() as session:
        now = field.world.clock.now()
        assert accounts.replace_areas(
            session, account, [area(OTHER_DESA, RT)], [record_id(900)], now
        )
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    before = field.world.ask(_OF_ACCOUNT.format(account=account, desa=DESA))
    first, moved, last = send(field, sent)
    assert (first.status, last.status) == (201, 201)
    assert moved.status in {201, 202}
    assert field.world.ask(_OF_ACCOUNT.format(account=account, desa=DESA)) == before
    families = {str(one) for (one,) in field.world.ask("SELECT id FROM record")}
    assert {record_id(800), record_id(802)} <= families
    assert_whole(field)


_OF_ACCOUNT = (
    "SELECT count(*) FROM operation WHERE account_id = '{account}' AND desa = '{desa}' "
    "AND outcome = 'applied'"
)


# What goes wrong for one --------------------------------------------------------------------


def refuse_form(world: World, instance: str) -> None:
    """A database that fails on one form, as if there were a bug."""
    when = f"WHEN (NEW.instance = '{instance}')"
    action = "BEGIN SELECT RAISE(ABORT, 'a bug'); END"
    rows = "BEFORE INSERT ON submission"
    statements = [f"CREATE TRIGGER bug {rows} {when} {action}"]
    if world.database.dialect == "postgresql":
        body = "$$ BEGIN RAISE EXCEPTION 'a bug'; END $$"
        statements = [
            f"CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS {body}",
            f"CREATE TRIGGER bug {rows} FOR EACH ROW {when} EXECUTE FUNCTION bug()",
        ]
    with world.database.writing() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def test_a_form_that_the_database_refuses_fails_alone(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 4)
    refuse_form(field.world, "uuid:refused")
    sent = [(phone, a_family(field, 800 + n)) for n, phone in enumerate(crowd)]
    sent[2] = crowd[2], a_family(field, 802, instance_id="uuid:refused")
    assert statuses(send(field, sent)) == [201, 201, 500, 201]
    families = {str(one) for (one,) in field.world.ask("SELECT id FROM record")}
    assert {record_id(n) for n in (800, 801, 803)} <= families
    assert record_id(802) not in families
    assert field.states() == ["merged"] * 7
    assert_whole(field)


@pytest.mark.parametrize(
    "bad", [b"", b"<data id='verifikasi'><luas>54</lu", b"\x00", b"<!DOCTYPE x><data id='x'/>"]
)
def test_what_is_no_form_or_half_a_form_changes_nothing_for_the_others(
    plain_field: Field, bad: bytes
) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    alone = crowd[1].post(bad)
    sent = [(crowd[0], a_family(field, 800)), (crowd[1], bad), (crowd[2], a_family(field, 802))]
    first, other, last = send(field, sent)
    assert (first.status, last.status) == (201, 201)
    assert other.status == alone.status
    assert_whole(field)


# Two about the same -------------------------------------------------------------------------


def test_two_forms_about_one_family_are_merged_one_after_the_other(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    base = crowd[0].version()
    sent = [
        (crowd[0], field.visited({"luas": "31", "telepon": "0811"}, base=base)),
        (crowd[1], field.visited({"lantai": "keramik"}, base=base, branch=OTHER_BRANCH)),
        (crowd[2], a_family(field, 802)),
    ]
    assert statuses(send(field, sent)) == [201] * 3
    told = field.document()
    assert (told["luas_lantai"], told["telepon"]) == (31, "0811")
    assert told["jenis_lantai_terluas"] == "keramik"
    assert field.world.count("conflict") == 0
    assert_whole(field)


def test_who_repeats_what_the_form_before_changes_contradicts_nobody(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    base = crowd[0].version()
    shown = {"nama_kepala_keluarga": "SUPARMAN"}
    sent = [
        (crowd[0], field.visited({"nama_kepala_keluarga": "SUPARNO"}, base=base)),
        (crowd[1], field.visited({**shown, "luas": "54"}, base=base, branch=OTHER_BRANCH)),
    ]
    assert statuses(send(field, sent)) == [201, 201]
    told = field.document()
    assert (told["nama_kepala_keluarga"], told["luas_lantai"]) == ("SUPARNO", 54)
    assert field.world.count("conflict") == 0
    assert_whole(field)


def test_two_forms_that_contradict_each_other_leave_one_question(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    base = crowd[0].version()
    names = ("SUPARNO", "SUPARDI")
    sent = [
        (phone, field.visited({"nama_kepala_keluarga": name}, base=base, branch=f"branch {name}"))
        for phone, name in zip(crowd, names, strict=True)
    ]
    first, second = send(field, sent)
    assert "menunggu" not in first.body.decode()
    assert "1 data menunggu pemeriksaan" in second.body.decode()
    assert field.document()["nama_kepala_keluarga"] == names[0]
    assert field.world.count("conflict") == 1
    assert_whole(field)


def test_one_form_that_comes_twice_in_one_crowd_is_recognised(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    form = a_family(field, 800)
    answers = send(field, [(crowd[0], form), (crowd[1], a_family(field, 801)), (crowd[0], form)])
    assert statuses(answers) == [201] * 3
    assert "sebelumnya" not in answers[0].body.decode()
    assert "sebelumnya" in answers[2].body.decode()
    assert field.states() == ["merged"] * 4
    assert_whole(field)


def test_one_instance_with_two_contents_in_one_crowd_is_set_aside(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    sent = [
        (phone, a_family(field, 800 + n, instance_id="uuid:x")) for n, phone in enumerate(crowd)
    ]
    assert statuses(send(field, sent)) == [201, 202]
    assert sorted(field.states()) == ["merged", "merged", "merged", "quarantined"]
    assert_whole(field)


def test_two_phones_of_one_collector_are_heard_one_after_the_other(plain_field: Field) -> None:
    field = plain_field
    account = field.world.account("ina")
    crowd = [field.phone_of(account) for _ in range(2)]
    for number, phone in enumerate(crowd):
        assert phone.post(a_family(field, 700 + number)).status == 201
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201, 201]
    assert turns(seen) == 2
    assert_whole(field)
