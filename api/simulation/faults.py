"""What can go wrong, by name, and which of it a run has to have seen.

Each seed plays with a part of the faults that were asked for ("swarm testing"): a phone that is
cloned in a village without restores tells more about clones than one among everything else.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """The names that `--faults` understands."""

    LOST_REQUESTS = "lost-requests"
    LOST_ANSWERS = "lost-answers"
    CUT_ANSWERS = "cut-answers"
    DUPLICATES = "duplicates"
    LATE_DUPLICATES = "late-duplicates"
    BUSY = "busy"
    SERVER_CRASHES = "server-crashes"
    RESTORES = "restores"
    UNDECLARED_RESTORES = "undeclared-restores"
    PHONE_CRASHES = "phone-crashes"
    ROLLBACKS = "rollbacks"
    CLONES = "clones"
    REINSTALLS = "reinstalls"
    CLOCKS = "clocks"
    SCOPES = "scopes"
    REVOCATIONS = "revocations"
    SMALL_PAGES = "small-pages"
    MALFORMED = "malformed"


ALL: Final = frozenset(Fault)
PLAYED_WITH: Final = 0.65
"""The share of the faults that a seed plays with."""
ALWAYS: Final = frozenset(
    {"operations", "conflicts", "resolved", "undone", "reopened", "quarantined", "released",
     "rejected", "aliases", "edit-after-end", "already-judged", "policy-lost", "rt-moves",
     "token-rotations", "identity-duplicates", "withdrawn"}
)  # fmt: skip
"""What every run has to have seen, whatever its faults."""
SOMETIMES: Final[Mapping[Fault, tuple[str, ...]]] = MappingProxyType(
    {
        Fault.LOST_REQUESTS: ("lost-requests",),
        Fault.LOST_ANSWERS: ("lost-answers",),
        Fault.CUT_ANSWERS: ("cut-answers",),
        Fault.DUPLICATES: ("duplicates",),
        Fault.LATE_DUPLICATES: ("late-duplicates",),
        Fault.BUSY: ("busy",),
        Fault.SERVER_CRASHES: ("server-crashes",),
        Fault.RESTORES: ("restores", "durable-marks"),
        Fault.UNDECLARED_RESTORES: ("undeclared-restores",),
        Fault.PHONE_CRASHES: ("phone-crashes",),
        Fault.ROLLBACKS: ("rollbacks", "forks"),
        Fault.CLONES: ("clones", "forks"),
        Fault.REINSTALLS: ("reinstalls",),
        Fault.CLOCKS: ("clock-jumps",),
        Fault.SCOPES: ("scope-moves", "scope-stale"),
        Fault.REVOCATIONS: ("revocations", "revoked-pushes"),
        Fault.SMALL_PAGES: ("paged-pulls",),
        Fault.MALFORMED: ("malformed", "depends-on-quarantined"),
    }
)
"""Fault → counters that stay at zero only in a run that has not tried it."""


class UnknownFault(ValueError):
    """A name that no fault has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no fault; known are all, none, {', '.join(sorted(ALL))}")


def parse_faults(names: str) -> frozenset[Fault]:
    """`all`, `none`, or names with commas between. Raises `UnknownFault`."""
    found: set[Fault] = set()
    for name in (part.strip() for part in names.split(",")):
        if name == "all":
            found |= ALL
        elif name not in {"none", ""}:
            try:
                found.add(Fault(name))
            except ValueError:
                raise UnknownFault(name) from None
    return frozenset(found)


def faults_text(faults: Collection[Fault]) -> str:
    """The shortest text that `parse_faults` reads the same."""
    if frozenset(faults) == ALL:
        return "all"
    return ",".join(sorted(faults)) or "none"


def swarm(faults: Collection[Fault], chance: Random) -> frozenset[Fault]:
    """The part of them that one seed plays with; a short list is played whole."""
    if len(faults) < len(ALL):
        return frozenset(faults)
    return frozenset(fault for fault in sorted(faults) if chance.random() < PLAYED_WITH)


def demanded(faults: Collection[Fault]) -> frozenset[str]:
    """Counters that must not stay at zero in a run with these faults."""
    return ALWAYS.union(*(SOMETIMES[fault] for fault in faults))
