"""Revisions go up and down with a real register in the database, on SQLite and on PostgreSQL.

Taking a revision back drops the tables that it made, and their rows with them: nothing else could
keep them. So what is promised, and tested for every revision, is that all other rows stay as they
are, on the way down as on the way up.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from api.openrosa.addresses import server_url
from api.services.accounts import NewAccount, add_account, hashed
from api.services.designating import designate
from api.services.odk_keys import issue_key
from migrations import runner
from models.engines import database_url as parsed
from models.engines import open_for_migration
from models.queries import forms, marks
from models.queries.connector_changes import CHANGED, note_change
from models.queries.connector_files import Wanted, want_files
from models.queries.connectors import Connector, Sighting, add_connector, hint, note_seen
from models.queries.entity_lists import add_span
from models.queries.forms import NewVersion
from models.queries.marks import Comment, Mark
from sync.chains import Span
from sync.lokus import Decree, Programme
from sync.permission import Role
from tests.api.exporting import note_something
from tests.api.rounds import work_through_a_period
from tests.api.village import (
    DESA,
    FAMILY,
    FIRST_NIK,
    MEMBER,
    OTHER_DESA,
    a_person,
    assert_sound,
    desk,
    record_id,
    tamper,
    two_disagree,
)
from tests.api.world import JSON, NOON, World, area, serving
from tests.openrosa.collect import multipart

Rows = dict[str, list[str]]

TABLES_OF: dict[str, set[str]] = {
    "0016": set(),
    "0015": set(),
    "0014": {"family_left"},
    "0013": {"connector_sight", "connector_file", "connector_change"},
    "0012": {"central_session", "submission_review", "submission_comment"},
    "0011": {"connector", "connector_item"},
    "0010": {"odk_key", "submission", "submission_file", "held", "version_span"},
    "0009": {"form", "form_version", "form_file"},
    "0008": {"designation"},
    "0007": {"export", "export_result", "task"},
    "0006": {"blob"},
    "0005": {
        "period", "round", "round_event", "rt_done", "finding_reason", "musyawarah",
        "musyawarah_decision", "frozen_village", "signature", "account_pin",
    },
    "0004": {"list_import"},
    "0003": {"lane", "operation", "quarantine", "receipt"},
    "0002": {"feed", "record", "conflict", "nik_claim"},
    "0001": {
        "wilayah", "server_state", "audit_chain", "audit", "account", "account_area", "device",
        "enrolment", "session",
    },
}  # fmt: skip
"""Revision → the tables that it made, the newest revision first."""
LATER = {"feed": {"turns"}}
"""Table → columns that a later revision added, and that begin anew with it."""
KABUPATEN = "1802"
SCAN = f"/v1/rounds/{DESA}/2026-11/scan"
ROUND_DESA = "1802212003"
PASSWORD = "empat kata acak sekali"


@dataclass(frozen=True)
class Filled:
    """A database with something in every table, and the folder of its installation."""

    url: str
    folder: Path

    def rows(self) -> Rows:
        """Every table but Alembic's own → its rows as text, in an order of their own."""
        engine = open_for_migration(parsed(self.url))
        try:
            with engine.connect() as connection:
                names = set(inspect(connection).get_table_names()) - {"alembic_version"}
                return {name: _rows_of(connection, name) for name in sorted(names)}
        finally:
            engine.dispose()


def _rows_of(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(text(f'SELECT * FROM "{table}"'))
    names = [name for name in [*rows.keys()] if name not in LATER.get(table, ())]
    return sorted(repr(tuple(row)) for row in rows.columns(*names))


def fill(world: World) -> None:
    """Collectors who disagree, a reviewer who decides, a form that nobody can read."""
    ani, budi = two_disagree(world)
    ani.push([a_person(ani, MEMBER, FAMILY, FIRST_NIK), ani.edit(FAMILY, 1, atap2="seng")])
    budi.push([budi.op("end", "keluarga", FAMILY, base=1, end="pindah", date="2026-11-02")])
    sari = desk(world)
    sari.resolve(sari.read(f"/v1/conflicts/{sari.conflicts()[0]['id']}"), "current")
    world.code(ani.account)
    upload = sari.device.headers()
    assert world.call("POST", f"/v1/imports?area={DESA}", b"no list", upload).status == 201
    _sign_in(world)
    operator = desk(world, "operator", Role.OPERATOR_DESA, code=DESA)
    scan = world.call("POST", SCAN, b"%PDF-1.7 tanda tangan", operator.device.headers())
    assert scan.status == 201
    other = world.device("citra", areas=[area(OTHER_DESA)])
    other.push(
        [other.create(record_id(9)), a_person(other, record_id(10), record_id(9), FIRST_NIK)]
    )
    other.push(
        [
            other.create(record_id(11)),
            other.op("move", "anggota", record_id(10), base=2, parent=record_id(11)),
        ]
    )
    world.add_village(ROUND_DESA)
    work_through_a_period(world, ROUND_DESA)
    note_something(world, ROUND_DESA)
    _designate(world)
    _publish(world)
    _submit(world, ani.account)
    _connect(world, ani.account)
    _look_at_it(world)
    assert_sound(world)


def _publish(world: World) -> None:
    now = world.clock.now()
    form = NewVersion(
        form_id="coba",
        version="1",
        state="published",
        kind="update",
        title="Coba",
        xml=b"<h:html/>",
        md5="0" * 32,
        mapping='{"lists":[]}',
        compact=b"{}",
        source=b"PK",
        entities_version="2024.1",
    )
    with world.database.writing() as session:
        forms.turn_to_publish(session, form.form_id, now)
        forms.put_version(session, form, {"gambar.png": b"png"}, now)
        forms.offer(session, form.form_id, form.version, now)


def _submit(world: World, account: str) -> None:
    """A form of a version that nobody published, with a file, from a phone with Collect."""
    with world.database.writing() as session:
        act = world.act()
        made = issue_key(session, account, act, world.settings.secret, "ODK Collect")
        add_span(session, DESA, Span(2**20, 2**24))
    body, kind = multipart(b"<data id='lama' version='1'/>", {"audit.csv": b"event"})
    path = server_url("", made.token)
    assert world.call("POST", f"{path}/submission", body, {"content-type": kind}).status == 202


def _connect(world: World, account: str) -> None:
    """A form of another server, named by its webhook and not fetched yet."""
    now = world.clock.now()
    one = Connector(
        id="coba",
        kind="kobo",
        url="https://kobo.example",
        form="aBcDe",
        account_id=account,
        map="",
        credentials="env:KOBO_TOKEN",
        hook_digest=None,
        created_at=now,
    )
    with world.database.writing() as session:
        add_connector(session, one)
        hint(session, one.id, "1", now)
        note_seen(session, one.id, [Sighting("2", "v")], now)
        want_files(session, one.id, "2", [Wanted("foto.jpg", "att1")])
        note_change(session, one.id, CHANGED, now, {"url": one.url})


def _look_at_it(world: World) -> None:
    """A program of the office signs in; somebody marks the form and says why."""
    body = json.dumps({"email": "kantor", "password": PASSWORD}).encode()
    assert world.call("POST", "/central/v1/sessions", body, JSON).status == 200
    ((desa, submission),) = world.ask("SELECT desa, id FROM submission")
    now, place = world.clock.now(), (str(desa), str(submission))
    with world.database.writing() as session:
        marks.put_mark(session, Mark(*place, "hasIssues", now, "kantor"))
        said = Comment(place[0], record_id(90), place[1], "Versi lama.", "kantor", now)
        marks.add_comment(session, said)


def _sign_in(world: World) -> None:
    act = world.act()
    new = NewAccount("kantor", Role.ADMIN, (area(KABUPATEN),), password_hash=hashed(PASSWORD, act))
    with world.database.writing() as session:
        add_account(session, new, act)
    body = json.dumps({"name": "kantor", "password": PASSWORD}).encode()
    assert world.call("POST", "/v1/sessions", body, JSON).status == 201


def _designate(world: World) -> None:
    """One designation that stands, in the place of one that was closed."""
    today = NOON.date()
    for decree in ("SK Bupati 1/2026", "SK Bupati 2/2026"):
        named = Decree(Programme.STUNTING, today.year, decree, today)
        with world.database.writing() as session:
            designate(session, world.act(), named, [OTHER_DESA], today=today)


@pytest.fixture
def filled(database_url: str, tmp_path: Path) -> Filled:
    """A register at the newest revision, whose server was stopped."""
    with serving(database_url, tmp_path / "data") as world:
        fill(world)
    return Filled(database_url, tmp_path / "data")


def only(rows: Rows, tables: Iterable[str]) -> Rows:
    return {name: rows[name] for name in tables}


def test_there_is_something_in_every_table(filled: Filled) -> None:
    assert [name for name, rows in filled.rows().items() if not rows] == []


def test_a_revision_taken_back_leaves_every_row_that_is_not_its_own(filled: Filled) -> None:
    before = filled.rows()
    for revision, own in TABLES_OF.items():
        assert runner.current(filled.url) == revision
        runner.downgrade(filled.url, "-1")
        after = filled.rows()
        assert before.keys() - after.keys() == own
        assert after == only(before, after)
        before = after
    assert before == {}
    assert runner.current(filled.url) is None


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_register_at_an_older_revision_keeps_every_row_on_its_way_up(
    filled: Filled, revision: str
) -> None:
    runner.downgrade(filled.url, revision)
    before = filled.rows()
    assert all(before.values())
    runner.upgrade(filled.url)
    after = filled.rows()
    assert only(after, before) == before
    assert [name for name in after.keys() - before.keys() if after[name]] == []
    assert (runner.pending(filled.url), runner.check(filled.url)) == ([], [])


def test_a_register_that_went_all_the_way_up_is_sound_and_goes_on_working(filled: Filled) -> None:
    runner.downgrade(filled.url, "0001")
    runner.upgrade(filled.url)
    with serving(filled.url, filled.folder) as world:
        assert_sound(world)
        # Its people are who they were; their phones are theirs, the villages begin anew.
        ((account,),) = world.ask("SELECT id FROM account WHERE name = 'ani'")
        ani = world.phone_of(account)
        ani.push([ani.create(FAMILY), a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
        assert world.count("record") == 2
        assert_sound(world)


def test_after_base_the_register_is_filled_again_and_its_guard_stands(filled: Filled) -> None:
    runner.downgrade(filled.url, "base")
    runner.upgrade(filled.url)
    assert runner.check(filled.url) == []
    with serving(filled.url, filled.folder) as world:
        fill(world)
        # PostgreSQL's own words are not repeated, because they quote what was refused.
        with pytest.raises(DatabaseError, match=r"P0001|without a number from its village's feed"):
            tamper(world, "UPDATE record SET rt = '009/001'")
        assert_sound(world)
    assert [name for name, rows in filled.rows().items() if not rows] == []
