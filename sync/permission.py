"""Who may do what: the one table of roles, actions, and what each role writes and reads.

Three questions, three tables, and nothing else in the program decides them:

* may this role call this route? `ROLE_ACTIONS`; every route names its `Action`
* may this role write this group of this record? `_WRITES`; asked of every operation
* how much of a sensitive value may this role read? `_READS`

*Where* a role may do it is a separate question, answered by `sync.scope`. A role without an area
sees nothing at all.

Every role may push. A phone's work is never refused unread: what its owner may not write is set
aside as `not-permitted` for a reviewer, which also covers a collector who got another role while
the phone was out of reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from sync.policy import FIELDS, GROUPS, FieldClass, Sensitivity
from sync.types import ANGGOTA, END, ENTITIES, KELUARGA, KUNJUNGAN, PARENT, PENGUKURAN, Json

CHILD_YEARS_MAX: Final = 5
"""Balita: the programme measures children until their fifth birthday."""

Visibility: TypeAlias = Literal["full", "masked", "none"]
"""`masked`: that there is a value, and for numbers its last four digits; never the value."""


class Role(StrEnum):
    """What somebody is in the programme."""

    PETUGAS = "petugas"
    BIDAN = "bidan"
    OPERATOR_DESA = "operator_desa"
    KEPALA_DESA = "kepala_desa"
    SUPERVISOR = "supervisor"
    TKPK = "tkpk"
    ADMIN = "admin"


class Action(StrEnum):
    """Everything that a route can do. A route without one of these is a failing test."""

    READ_HOME = "read-home"
    READ_DOCUMENTATION = "read-documentation"
    READ_HEALTH = "read-health"
    ENROL_DEVICE = "enrol-device"
    LOG_IN = "log-in"
    VERIFY_RECEIPT = "verify-receipt"
    HINT_CONNECTOR = "hint-connector"
    """Another server's word that a form is new there; its secret comes in a header."""

    READ_OWN_ACCOUNT = "read-own-account"
    LOG_OUT = "log-out"
    READ_MANIFEST = "read-manifest"
    SYNC = "sync"
    """Push; also the push half of the combined call, and opening a new lane for it."""
    PULL = "pull"
    """Everything that brings records to a phone: pages, snapshots, repair, digests, outcomes."""

    READ_RECORDS = "read-records"
    READ_HISTORY = "read-history"
    READ_CONFLICTS = "read-conflicts"
    RESOLVE_CONFLICT = "resolve-conflict"
    READ_QUARANTINE = "read-quarantine"
    DECIDE_QUARANTINE = "decide-quarantine"
    READ_AGGREGATES = "read-aggregates"
    READ_SUBMISSIONS = "read-submissions"
    """Filled forms as they came, with everything that was answered."""
    COMMENT_SUBMISSION = "comment-submission"
    REVIEW_SUBMISSION = "review-submission"
    """Mark a filled form as approved, doubtful or rejected. No mark changes the register."""

    IMPORT_LIST = "import-list"
    """Bring a list of the government in: upload, preview, confirm."""
    READ_ROUND = "read-round"
    """Where a village stands in a period, and what its sign-off still lacks."""
    STATE_RT_DONE = "state-rt-done"
    """"RT selesai": the RT head for his own list, the operator in his name."""
    MOVE_ROUND = "move-round"
    """Ask for a step of a village's round; `sync.signoff` says who may take which."""
    HOLD_MUSYAWARAH = "hold-musyawarah"
    """Write down agenda, attendance and decisions."""
    SIGN = "sign"
    """With an own PIN, in front of the frozen list."""
    SIGN_ON_PAPER = "sign-on-paper"
    """Hand in the scan of the signed berita acara."""
    PRINT = "print"
    """Worksheets, berita acara and lists by name."""
    ASSIGN_RT = "assign-rt"
    """Say in which RT a family lives that a list brought without one."""
    KEY_IN = "key-in"
    """Enter a worksheet as its RT head, marked so."""
    MANAGE_PERIODS = "manage-periods"
    EXPORT = "export"
    RECORD_RESULT = "record-result"
    """Say what the ministry made of an export, and read its answer back."""
    READ_TASKS = "read-tasks"
    DESIGNATE = "designate"
    """Name the villages that a programme is aimed at in a year."""
    READ_GROWTH = "read-growth"
    """Growth of children under five, as screening."""

    MANAGE_ACCOUNTS = "manage-accounts"
    MANAGE_DEVICES = "manage-devices"
    ENROL_DEVICE_FOR_OTHERS = "enrol-device-for-others"
    READ_METRICS = "read-metrics"


PUBLIC_ACTIONS: Final = frozenset(
    {
        Action.READ_HOME,
        Action.READ_DOCUMENTATION,
        Action.READ_HEALTH,
        Action.ENROL_DEVICE,
        Action.LOG_IN,
        Action.VERIFY_RECEIPT,
        Action.HINT_CONNECTOR,
    }
)
"""What anybody may do without saying who they are."""

REVOKED_ACTIONS: Final = frozenset({Action.SYNC})
"""What a revoked device may still do: hand over its unsent work, all of it into quarantine."""

_EVERY_ROLE = frozenset(
    {Action.READ_OWN_ACCOUNT, Action.LOG_OUT, Action.READ_MANIFEST, Action.SYNC}
)
_OFFICE_READING = frozenset({Action.READ_RECORDS, Action.READ_HISTORY, Action.READ_AGGREGATES})
_REVIEW_READING = frozenset({Action.READ_CONFLICTS, Action.READ_QUARANTINE})
_FORM_READING = frozenset({Action.READ_SUBMISSIONS, Action.COMMENT_SUBMISSION})
_EXPORTING = frozenset({Action.EXPORT, Action.RECORD_RESULT, Action.READ_ROUND, Action.READ_TASKS})

ROLE_ACTIONS: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        Role.PETUGAS: _EVERY_ROLE
        | {Action.PULL, Action.READ_ROUND, Action.STATE_RT_DONE, Action.READ_TASKS},
        Role.BIDAN: _EVERY_ROLE
        | {Action.PULL, Action.READ_RECORDS, Action.READ_ROUND, Action.READ_GROWTH},
        Role.OPERATOR_DESA: _EVERY_ROLE
        | _OFFICE_READING
        | _REVIEW_READING
        | _FORM_READING
        | _EXPORTING
        | {
            Action.PULL,
            Action.MANAGE_DEVICES,
            Action.ENROL_DEVICE_FOR_OTHERS,
            Action.STATE_RT_DONE,
            Action.MOVE_ROUND,
            Action.HOLD_MUSYAWARAH,
            Action.SIGN_ON_PAPER,
            Action.PRINT,
            Action.ASSIGN_RT,
            Action.KEY_IN,
            Action.READ_GROWTH,
        },
        Role.KEPALA_DESA: _EVERY_ROLE
        | _OFFICE_READING
        | {
            Action.READ_CONFLICTS,
            Action.READ_ROUND,
            Action.MOVE_ROUND,
            Action.SIGN,
            Action.PRINT,
            Action.READ_TASKS,
        },
        Role.SUPERVISOR: _EVERY_ROLE
        | _OFFICE_READING
        | _REVIEW_READING
        | _FORM_READING
        | _EXPORTING
        | {
            Action.RESOLVE_CONFLICT,
            Action.DECIDE_QUARANTINE,
            Action.REVIEW_SUBMISSION,
            Action.IMPORT_LIST,
            Action.ASSIGN_RT,
            Action.MOVE_ROUND,
            Action.PRINT,
            Action.MANAGE_PERIODS,
            Action.READ_GROWTH,
        },
        Role.TKPK: _EVERY_ROLE | {Action.READ_AGGREGATES, Action.DESIGNATE},
        Role.ADMIN: _EVERY_ROLE
        | _OFFICE_READING
        | _REVIEW_READING
        | _FORM_READING
        | _EXPORTING
        | {
            Action.IMPORT_LIST,
            Action.MOVE_ROUND,
            Action.PRINT,
            Action.MANAGE_PERIODS,
            Action.DESIGNATE,
            Action.READ_GROWTH,
            Action.MANAGE_ACCOUNTS,
            Action.MANAGE_DEVICES,
            Action.ENROL_DEVICE_FOR_OTHERS,
            Action.READ_METRICS,
        },
    }
)

MANAGED_ROLES: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.OPERATOR_DESA: frozenset({Role.PETUGAS, Role.BIDAN}),
        Role.ADMIN: frozenset(Role),
    }
)
"""Whose accounts and devices a role looks after, inside its own area. Nobody reaches upwards."""


@dataclass(frozen=True, slots=True)
class _WriteRule:
    """Which groups of one entity a role may write, and create.

    `specific`: groups of nothing but specific personal data, which is health. `child`: every
    group, if the record is of a child under five.
    """

    everything: bool = False
    specific: bool = False
    child: bool = False


_ALL = _WriteRule(everything=True)
_MIDWIFE = _WriteRule(specific=True, child=True)
_NOTHING = _WriteRule()
_COLLECTOR = {KELUARGA: _ALL, ANGGOTA: _ALL, KUNJUNGAN: _ALL}

_WRITES: Final[Mapping[Role, Mapping[str, _WriteRule]]] = MappingProxyType(
    {
        Role.PETUGAS: _COLLECTOR,
        Role.BIDAN: {ANGGOTA: _MIDWIFE, PENGUKURAN: _ALL, KUNJUNGAN: _ALL},
        Role.OPERATOR_DESA: _COLLECTOR,
        Role.KEPALA_DESA: {},
        Role.SUPERVISOR: {},
        Role.TKPK: {},
        Role.ADMIN: {},
    }
)

_SEES_ALL: Final[Mapping[Sensitivity, Visibility]] = {
    "": "full",
    "person": "full",
    "specific": "full",
}
_READS: Final[Mapping[Role, Mapping[Sensitivity, Visibility]]] = MappingProxyType(
    {
        Role.PETUGAS: _SEES_ALL,
        Role.BIDAN: _SEES_ALL,
        Role.OPERATOR_DESA: _SEES_ALL,
        # A village head answers for the list, not for who is pregnant or ill.
        Role.KEPALA_DESA: {"": "full", "person": "full", "specific": "masked"},
        Role.SUPERVISOR: _SEES_ALL,
        Role.TKPK: {"": "none", "person": "none", "specific": "none"},
        Role.ADMIN: _SEES_ALL,
    }
)


def may(role: Role, action: Action) -> bool:
    """May this role do that at all? Areas are asked separately."""
    return action in PUBLIC_ACTIONS or action in ROLE_ACTIONS[role]


def may_write(role: Role, entity: str, group: str, *, child: bool) -> bool:
    """May this role state that group of such a record from a phone?

    `group` is a merge group or one of the pseudo groups `end` and `parent`; `child` says whether
    the record (for an anggota) is of a child under five, see `is_under_five`.
    """
    return group in writable(role, entity, child=child)


def writable(role: Role, entity: str, *, child: bool) -> frozenset[str]:
    """Every group of such a record for which `may_write` is true."""
    return _WRITABLE.get((role, entity, child), frozenset())


def may_create(role: Role, entity: str, *, child: bool) -> bool:
    """May this role create such a record? A midwife adds newborns, not other members."""
    rule = _WRITES[role].get(entity, _NOTHING)
    return rule.everything or (rule.child and child)


def may_read(role: Role, sensitivity: Sensitivity) -> Visibility:
    """How much of a value of that sensitivity is this role shown?"""
    return _READS[role][sensitivity]


def may_manage(role: Role, other: Role) -> bool:
    """May this role look after accounts and devices of the other role?"""
    return other in MANAGED_ROLES.get(role, frozenset())


def is_under_five(tanggal_lahir: str | None, day: date) -> bool:
    """Is somebody born on that day (`YYYY-MM-DD`) a child under five on `day`?

    An unknown, unreadable or future birth date is no child: permission needs a reason.
    """
    try:
        born = date.fromisoformat(tanggal_lahir or "")
    except ValueError:
        return False
    birthdays = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return born <= day and birthdays < CHILD_YEARS_MAX


def as_manifest() -> dict[str, Json]:
    """The table as the manifest serves it.

    `{role: {actions, reads: {sensitivity: visibility}, writes: {entity: {groups, child, create}}}}`
    with `groups` the names writable on any record, `child` those writable on a child under five
    (each a list, or `"all"`), and `create` one of `always`, `child`, `never`. `open` stands for
    fields that are not sensitive.
    """
    return {role.value: _role_manifest(role) for role in Role}


def _role_manifest(role: Role) -> Json:
    reads: dict[str, Json] = {name or "open": seen for name, seen in _READS[role].items()}
    writes: dict[str, Json] = {
        entity: {
            "groups": _named(role, entity, rule.everything, child=False),
            "child": _named(role, entity, rule.everything or rule.child, child=True),
            "create": _creates(role, entity),
        }
        for entity, rule in _WRITES[role].items()
    }
    return {"actions": [*sorted(ROLE_ACTIONS[role])], "reads": reads, "writes": writes}


def _named(role: Role, entity: str, every_group: bool, *, child: bool) -> Json:
    return "all" if every_group else [*sorted(_WRITABLE[role, entity, child])]


def _creates(role: Role, entity: str) -> str:
    if may_create(role, entity, child=False):
        return "always"
    return "child" if may_create(role, entity, child=True) else "never"


def _writable(entity: str, rule: _WriteRule, *, child: bool) -> frozenset[str]:
    stated = {n for n, g in GROUPS[entity].items() if g.field_class is not FieldClass.SERVER}
    if rule.everything or (rule.child and child):
        return frozenset(stated | {END, PARENT})
    if not rule.specific:
        return frozenset()
    return frozenset(group for group in stated if _is_specific(entity, group))


def _is_specific(entity: str, group: str) -> bool:
    fields = GROUPS[entity][group].fields
    return all(FIELDS[entity][name].sensitive == "specific" for name in fields)


# Asked for every group of every pushed operation, so it is one look-up.
_WRITABLE: Final[Mapping[tuple[Role, str, bool], frozenset[str]]] = MappingProxyType(
    {
        (role, entity, child): _writable(entity, _WRITES[role].get(entity, _NOTHING), child=child)
        for role in Role
        for entity in ENTITIES
        for child in (False, True)
    }
)
