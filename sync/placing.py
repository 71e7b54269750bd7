"""Which RT a family lives in, where its list does not say.

DTSEN gives an address and no RT of domicile (metadata of version 3/2026), and a family without an
RT is on nobody's phone. Often the address itself says it ("JL MAWAR RT 003 RW 001"); that is
reading, not guessing. What an address does not say, a person has to.
"""

import re
from collections.abc import Mapping
from typing import Final

from sync.policy import GROUPS
from sync.types import KELUARGA, GroupValue, Json

DIGITS: Final = 3

_RT: Final = re.compile(r"\bRT[\s.:/]*0*(\d{1,3})(?!\d)", re.IGNORECASE)
_BOTH: Final = re.compile(
    r"\bRT[\s.:]*(?:/\s*RW[\s.:]*)?0*(\d{1,3})(?!\d)"
    r"[\s.,;:-]*(?:/[\s.:]*(?:RW[\s.:/]*)?|RW[\s.:/]*)0*(\d{1,3})(?!\d)",
    re.IGNORECASE,
)


def rt_written_in(address: str) -> str | None:
    """The RT that an address names, as `"003/001"` (`"003/"` without RW); None where it names none.

    Two different ones are none: a person has to say which of them is meant.
    """
    both = {(rt.zfill(DIGITS), rw.zfill(DIGITS)) for rt, rw in _BOTH.findall(address)}
    named = {rt.zfill(DIGITS) for rt in _RT.findall(address)} - {rt for rt, _ in both}
    found = {f"{rt}/{rw}" for rt, rw in both} | {f"{rt}/" for rt in named}
    found -= {"000/", "000/000"}
    return found.pop() if len(found) == 1 else None


def placed(fields: Mapping[str, Json], rt: str) -> GroupValue:
    """The address of a family with its RT (`"003/001"`), and everything else as it was.

    An address is one group and stated whole; what is not repeated would be cleared.
    """
    group = GROUPS[KELUARGA]["alamat"].fields
    stated: GroupValue = {name: fields[name] for name in group if fields.get(name) is not None}
    number, _, rw = rt.partition("/")
    stated["rt"] = number
    if rw:
        stated["rw"] = rw
    else:
        stated.pop("rw", None)
    return stated
