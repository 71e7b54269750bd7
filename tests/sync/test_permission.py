"""The table of permissions says what the programme has decided, and says it completely."""

from datetime import date
from typing import Any

import pytest

from sync.permission import (
    MANAGED_ROLES,
    PUBLIC_ACTIONS,
    REVOKED_ACTIONS,
    ROLE_ACTIONS,
    Action,
    Role,
    as_manifest,
    is_under_five,
    may,
    may_create,
    may_manage,
    may_read,
    may_write,
)
from sync.policy import FIELDS, GROUPS, FieldClass
from sync.types import ANGGOTA, END, ENTITIES, KELUARGA, KUNJUNGAN, PARENT, PENGUKURAN

OFFICE = (Role.KEPALA_DESA, Role.SUPERVISOR, Role.TKPK, Role.ADMIN)
COLLECTORS = (Role.PETUGAS, Role.OPERATOR_DESA)
EVERY_GROUP = [(entity, group) for entity in ENTITIES for group in (*GROUPS[entity], END, PARENT)]


def test_every_role_is_in_every_table() -> None:
    assert set(ROLE_ACTIONS) == set(Role)
    assert set(as_manifest()) == {role.value for role in Role}
    assert all(may_read(role, seen) for role in Role for seen in ("", "person", "specific"))


def test_every_action_is_public_or_somebodys() -> None:
    somebodys = frozenset().union(*ROLE_ACTIONS.values())
    assert somebodys | PUBLIC_ACTIONS == set(Action)
    assert not somebodys & PUBLIC_ACTIONS


def test_public_actions_need_no_role() -> None:
    assert all(may(role, action) for role in Role for action in PUBLIC_ACTIONS)


def test_every_role_may_push_so_that_no_unsent_work_is_refused_unread() -> None:
    assert all(may(role, Action.SYNC) for role in Role)
    assert {Action.SYNC} == REVOKED_ACTIONS


@pytest.mark.parametrize("role", COLLECTORS)
@pytest.mark.parametrize("entity", [KELUARGA, ANGGOTA, KUNJUNGAN])
def test_collectors_write_families_members_and_visits(role: Role, entity: str) -> None:
    stated = [n for n, g in GROUPS[entity].items() if g.field_class is not FieldClass.SERVER]
    assert all(may_write(role, entity, group, child=False) for group in (*stated, END, PARENT))
    assert may_create(role, entity, child=False)


@pytest.mark.parametrize("role", COLLECTORS)
def test_collectors_measure_no_children(role: Role) -> None:
    assert not any(may_write(role, PENGUKURAN, g, child=True) for g in (*GROUPS[PENGUKURAN], END))
    assert not may_create(role, PENGUKURAN, child=True)


@pytest.mark.parametrize("role", OFFICE)
@pytest.mark.parametrize(("entity", "group"), EVERY_GROUP)
def test_the_office_writes_nothing_through_sync(role: Role, entity: str, group: str) -> None:
    assert not may_write(role, entity, group, child=True)
    assert not may_write(role, entity, group, child=False)
    assert not may_create(role, entity, child=True)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("entity", ENTITIES)
def test_nobody_writes_what_the_server_owns(role: Role, entity: str) -> None:
    owned = [n for n, g in GROUPS[entity].items() if g.field_class is FieldClass.SERVER]
    assert not any(may_write(role, entity, group, child=True) for group in owned)


@pytest.mark.parametrize("role", Role)
def test_unknown_groups_and_entities_are_nobodys(role: Role) -> None:
    assert not may_write(role, KELUARGA, "warna", child=False)
    assert not may_write(role, "kucing", "nama", child=False)
    assert not may_create(role, "kucing", child=True)


def test_a_midwife_measures_and_visits() -> None:
    for entity in (PENGUKURAN, KUNJUNGAN):
        assert may_create(Role.BIDAN, entity, child=False)
        assert all(may_write(Role.BIDAN, entity, g, child=False) for g in (*GROUPS[entity], END))


def test_a_midwife_writes_no_families() -> None:
    assert not any(may_write(Role.BIDAN, KELUARGA, g, child=True) for g in GROUPS[KELUARGA])
    assert not may_create(Role.BIDAN, KELUARGA, child=False)


def test_a_midwife_writes_the_health_of_anybody() -> None:
    written = {g for g in GROUPS[ANGGOTA] if may_write(Role.BIDAN, ANGGOTA, g, child=False)}
    health = {field.group for field in FIELDS[ANGGOTA].values() if field.sensitive == "specific"}
    assert written == health
    assert {"kehamilan", "disabilitas", "penyakit_kronis"} <= written
    assert not may_write(Role.BIDAN, ANGGOTA, END, child=False)


def test_a_midwife_adds_and_edits_children_under_five_only() -> None:
    assert may_create(Role.BIDAN, ANGGOTA, child=True)
    assert not may_create(Role.BIDAN, ANGGOTA, child=False)
    assert all(may_write(Role.BIDAN, ANGGOTA, g, child=True) for g in ("nama", "nik", END, PARENT))
    assert not may_write(Role.BIDAN, ANGGOTA, "nama", child=False)


@pytest.mark.parametrize(
    ("born", "is_child"),
    [
        ("2021-11-04", True),
        ("2021-11-03", False),
        ("2026-11-03", True),
        ("2026-11-04", False),
        ("1990-01-01", False),
        ("2024-13-01", False),
        ("", False),
        (None, False),
    ],
)
def test_a_child_is_under_five_until_its_fifth_birthday(born: str | None, is_child: bool) -> None:
    assert is_under_five(born, date(2026, 11, 3)) is is_child


def test_the_village_head_does_not_see_who_is_pregnant_or_ill() -> None:
    assert may_read(Role.KEPALA_DESA, "person") == "full"
    assert may_read(Role.KEPALA_DESA, "specific") == "masked"


def test_the_district_team_sees_numbers_and_no_record() -> None:
    assert {may_read(Role.TKPK, seen) for seen in ("", "person", "specific")} == {"none"}
    assert may(Role.TKPK, Action.READ_AGGREGATES)
    records = (Action.READ_RECORDS, Action.READ_HISTORY, Action.READ_CONFLICTS, Action.PULL)
    assert not any(may(Role.TKPK, action) for action in records)


def test_supervisors_decide_and_the_admin_only_reads() -> None:
    deciding = (Action.RESOLVE_CONFLICT, Action.DECIDE_QUARANTINE)
    assert all(may(Role.SUPERVISOR, action) for action in deciding)
    assert not any(
        may(role, action) for role in set(Role) - {Role.SUPERVISOR} for action in deciding
    )
    reading = {action for action in Action if action.startswith("read-")} - PUBLIC_ACTIONS
    assert reading <= ROLE_ACTIONS[Role.ADMIN]


def test_accounts_are_the_admins() -> None:
    assert [role for role in Role if may(role, Action.MANAGE_ACCOUNTS)] == [Role.ADMIN]


def test_nobody_looks_after_somebody_above() -> None:
    assert all(may_manage(Role.ADMIN, other) for other in Role)
    assert MANAGED_ROLES[Role.OPERATOR_DESA] == {Role.PETUGAS, Role.BIDAN}
    others = set(Role) - {Role.ADMIN, Role.OPERATOR_DESA}
    assert not any(may_manage(role, other) for role in others for other in Role)


def test_the_manifest_says_what_the_functions_say() -> None:
    manifest: Any = as_manifest()
    for role in Role:
        assert manifest[role]["actions"] == sorted(ROLE_ACTIONS[role])
        for entity, group in EVERY_GROUP:
            rule = manifest[role]["writes"].get(entity, {"groups": [], "child": []})
            for key, child in (("groups", False), ("child", True)):
                listed = rule[key] == "all" or group in rule[key]
                stated = listed and not _is_owned(entity, group)
                assert stated == may_write(role, entity, group, child=child)


def test_the_manifest_says_who_creates() -> None:
    manifest: Any = as_manifest()
    assert manifest["petugas"]["writes"]["anggota"]["create"] == "always"
    assert manifest["bidan"]["writes"]["anggota"]["create"] == "child"
    assert manifest["tkpk"]["writes"] == {}


def _is_owned(entity: str, group: str) -> bool:
    known = GROUPS[entity].get(group)
    return known is not None and known.field_class is FieldClass.SERVER
