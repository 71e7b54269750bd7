"""A village's round as a transition table: its states, its steps, who may take which.

    daftar_terbuka → verifikasi → musyawarah → disahkan → diekspor → difinalkan → disahkan_bupati

Every state from `musyawarah` on leads back to `verifikasi`, with a reason. Two steps are asked for
in other words than the rest: a village is signed (`sahkan`) with a PIN or on paper, and exports
tell themselves (`ekspor`). Workflow after the verification of 2019-20 and the practice of the
villages (domain facts, section 4.1); the windows of section 4.3 are data.

Two rules stand beside the table:

* *Two persons.* Whoever stated something about a family cannot be the only one to approve it. For
  each family that somebody edited in the round there has to be an approver who did not.
* *Windows.* A village's own people do their steps inside the window of their role. What a phone
  sends later is kept; what a person wants to do later needs the village unlocked, with a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from sync.permission import Role


class State(StrEnum):
    """Where a village stands in a period."""

    DAFTAR_TERBUKA = "daftar_terbuka"
    VERIFIKASI = "verifikasi"
    MUSYAWARAH = "musyawarah"
    DISAHKAN = "disahkan"
    DIEKSPOR = "diekspor"
    DIFINALKAN = "difinalkan"
    DISAHKAN_BUPATI = "disahkan_bupati"


class Event(StrEnum):
    """Everything that the log of a round can say. The first seven are steps."""

    MULAI_VERIFIKASI = "mulai_verifikasi"
    BUKA_MUSYAWARAH = "buka_musyawarah"
    DISAHKAN = "disahkan"
    DIEKSPOR = "diekspor"
    DIFINALKAN = "difinalkan"
    DISAHKAN_BUPATI = "disahkan_bupati"
    DIBUKA_KEMBALI = "dibuka_kembali"

    RT_SELESAI = "rt_selesai"
    RT_DITARIK = "rt_ditarik"
    ALASAN_TEMUAN = "alasan_temuan"
    MUSYAWARAH_DICATAT = "musyawarah_dicatat"
    KEPUTUSAN = "keputusan"
    DIBEKUKAN = "dibekukan"
    DISETUJUI = "disetujui"
    KUNCI_DIBUKA = "kunci_dibuka"


SIGNED: Final = frozenset({State.DISAHKAN, State.DIEKSPOR, State.DIFINALKAN, State.DISAHKAN_BUPATI})
"""States in which a signature holds."""

VILLAGE_ROLES: Final = frozenset({Role.PETUGAS, Role.BIDAN, Role.OPERATOR_DESA, Role.KEPALA_DESA})
"""Held to a period's window. The office above the village is only where it has one of its own."""

_VILLAGE = frozenset({Role.OPERATOR_DESA, Role.KEPALA_DESA})
_ABOVE = frozenset({Role.SUPERVISOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: who may lead from where to where, and what has to be said with it."""

    event: Event
    source: State
    target: State
    roles: frozenset[Role]
    needs_reason: bool = False
    in_window: bool = True
    """Is it a step of the village's own window? Export and what follows come after it."""


_BACK: Final[Mapping[State, frozenset[Role]]] = MappingProxyType(
    {
        State.MUSYAWARAH: _VILLAGE | _ABOVE,
        State.DISAHKAN: frozenset({Role.KEPALA_DESA}) | _ABOVE,
        State.DIEKSPOR: _ABOVE,
        State.DIFINALKAN: _ABOVE,
        State.DISAHKAN_BUPATI: frozenset({Role.ADMIN}),
    }
)
"""The further a round went, the fewer may open it again."""

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(Event.MULAI_VERIFIKASI, State.DAFTAR_TERBUKA, State.VERIFIKASI, _VILLAGE | _ABOVE),
    Transition(Event.BUKA_MUSYAWARAH, State.VERIFIKASI, State.MUSYAWARAH, _VILLAGE | _ABOVE),
    Transition(Event.DISAHKAN, State.MUSYAWARAH, State.DISAHKAN, _VILLAGE),
    Transition(
        Event.DIEKSPOR,
        State.DISAHKAN,
        State.DIEKSPOR,
        frozenset({Role.OPERATOR_DESA}) | _ABOVE,
        in_window=False,
    ),
    Transition(Event.DIFINALKAN, State.DIEKSPOR, State.DIFINALKAN, _ABOVE, in_window=False),
    Transition(
        Event.DISAHKAN_BUPATI,
        State.DIFINALKAN,
        State.DISAHKAN_BUPATI,
        _ABOVE,
        in_window=False,
    ),
    *(
        Transition(Event.DIBUKA_KEMBALI, state, State.VERIFIKASI, roles, needs_reason=True)
        for state, roles in _BACK.items()
    ),
)

_TABLE: Final[Mapping[tuple[Event, State], Transition]] = MappingProxyType(
    {(one.event, one.source): one for one in TRANSITIONS}
)
_EVENTS: Final = frozenset(event.value for event in Event)
STEPS: Final = frozenset(one.event for one in TRANSITIONS)
ASKED_FOR: Final = STEPS - {Event.DISAHKAN}
"""Steps that anybody can ask for by name; a signature is given elsewhere."""

NOTES: Final[Mapping[Event, frozenset[State]]] = MappingProxyType(
    {
        Event.RT_SELESAI: frozenset({State.DAFTAR_TERBUKA, State.VERIFIKASI}),
        Event.RT_DITARIK: frozenset({State.DAFTAR_TERBUKA, State.VERIFIKASI}),
        Event.ALASAN_TEMUAN: frozenset({State.DAFTAR_TERBUKA, State.VERIFIKASI, State.MUSYAWARAH}),
        Event.MUSYAWARAH_DICATAT: frozenset({State.MUSYAWARAH}),
        Event.KEPUTUSAN: frozenset({State.MUSYAWARAH}),
        Event.DIBEKUKAN: frozenset({State.MUSYAWARAH}),
        Event.DISETUJUI: frozenset({State.MUSYAWARAH}),
        Event.KUNCI_DIBUKA: frozenset(State),
    }
)
"""Events that change no state → the states in which they can happen."""

_NOTED_BY: Final[Mapping[Event, frozenset[Role]]] = MappingProxyType(
    {
        Event.DISETUJUI: frozenset({Role.OPERATOR_DESA}) | _ABOVE,
        Event.KUNCI_DIBUKA: _ABOVE,
    }
)
"""Notes that are not for everybody whose action it is."""


class Refused(StrEnum):
    """Why a step is not taken."""

    NOT_FROM_HERE = "not-from-here"
    NOT_THIS_ROLE = "not-this-role"
    REASON_MISSING = "reason-missing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` up to, and no longer at, `closes`."""

    opens: datetime
    closes: datetime

    def covers(self, moment: datetime) -> bool:
        return self.opens <= moment < self.closes


NO_WINDOWS: Final[Mapping[Role, Window]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Calendar:
    """A period's window, those of single roles, and until when the village is unlocked."""

    window: Window
    roles: Mapping[Role, Window] = field(default_factory=lambda: NO_WINDOWS)
    unlocked_until: datetime | None = None

    def window_of(self, role: Role) -> Window | None:
        """The window that a role is held to; nothing for whoever is held to none."""
        own = self.roles.get(role)
        return own if own is not None else self.window if role in VILLAGE_ROLES else None

    def is_open(self, role: Role, moment: datetime) -> bool:
        """May the role do its steps now?"""
        window = self.window_of(role)
        if window is None or window.covers(moment):
            return True
        return self.unlocked_until is not None and moment < self.unlocked_until


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who wants to do what, and when."""

    event: Event
    role: Role
    moment: datetime
    reason: str = ""


Answer: TypeAlias = "State | Refused"


def after(state: State, attempt: Attempt, calendar: Calendar) -> Answer:
    """The state that follows from a step or a note, or why it is refused."""
    if attempt.event in NOTES:
        return _after_note(state, attempt, calendar)
    transition = _TABLE.get((attempt.event, state))
    if transition is None:
        return Refused.NOT_FROM_HERE
    if attempt.role not in transition.roles:
        return Refused.NOT_THIS_ROLE
    if transition.needs_reason and not attempt.reason.strip():
        return Refused.REASON_MISSING
    if transition.in_window and not calendar.is_open(attempt.role, attempt.moment):
        return Refused.CLOSED
    return transition.target


def _after_note(state: State, attempt: Attempt, calendar: Calendar) -> Answer:
    if state not in NOTES[attempt.event]:
        return Refused.NOT_FROM_HERE
    if attempt.role not in _NOTED_BY.get(attempt.event, frozenset(Role)):
        return Refused.NOT_THIS_ROLE
    if attempt.event is Event.KUNCI_DIBUKA:
        # The key to a closed window cannot lie behind it.
        return state if attempt.reason.strip() else Refused.REASON_MISSING
    return state if calendar.is_open(attempt.role, attempt.moment) else Refused.CLOSED


def steps_from(state: State, role: Role) -> tuple[Event, ...]:
    """What a role can do next, in the order of the table."""
    return tuple(one.event for one in TRANSITIONS if one.source is state and role in one.roles)


def follows(events: Iterable[tuple[str, str, str]]) -> State | None:
    """The state after a log of (event, state before, state), or nothing where it is no history.

    Roles and windows were judged when each was written; here only the table speaks.
    """
    state = State.DAFTAR_TERBUKA
    for name, before, then in events:
        if before != state or name not in _EVENTS:
            return None
        event = Event(name)
        transition = _TABLE.get((event, state))
        if transition is not None:
            state = transition.target
        elif state not in NOTES.get(event, frozenset()):
            return None
        if then != state:
            return None
    return state


def only_by_their_editors(
    editors: Mapping[str, frozenset[str]], approvers: Iterable[str]
) -> frozenset[str]:
    """Families that nobody approves but who edited them: the two-person rule.

    `editors`: family → accounts that stated something about it in this round. Families that
    nobody edited need no second person.
    """
    approving = frozenset(approvers)
    return frozenset(family for family, by in editors.items() if by and approving <= by)


def may_reopen(state: State) -> frozenset[Role]:
    """Who may lead a round back to the verification from there."""
    return _BACK.get(state, frozenset())
