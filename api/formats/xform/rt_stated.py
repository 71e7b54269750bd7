"""What a form of the kind `state-rt` says, before anybody asked the village's round."""

from dataclasses import dataclass
from typing import Final

from api.formats.xform.answers import YES
from api.formats.xform.mapping import RT, FormKind, FormMapping, Role
from api.formats.xform.statements import answers_of
from api.formats.xform.submission import Instance

VILLAGE_DIGITS: Final = 10
RT_CHARACTERS_MAX: Final = 16
NOTE_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class RtTold:
    """What a form states of an RT. `done=False` takes an earlier statement back."""

    desa: str
    rt: str
    period: str
    done: bool
    note: str


def rt_stated(instance: Instance, mapping: FormMapping) -> RtTold | None:
    """What a form of the kind `STATE_RT` says; nothing where it names no RT or no period."""
    if mapping.kind is not FormKind.STATE_RT:
        return None
    answers = answers_of(instance)
    told = {
        feed.name: answers.get(question.path, "").strip()
        for question, feed in mapping.fed(RT, Role.STATED)
    }
    desa, colon, rt = told.get("id", "").partition(":")
    period = told.get("period", "").lower()
    if not colon or not period or len(desa) != VILLAGE_DIGITS or len(rt) > RT_CHARACTERS_MAX:
        return None
    note = told.get("note", "")[:NOTE_CHARACTERS_MAX]
    return RtTold(desa, rt, period, told.get("done") in {YES, "true"}, note)
