"""``FIELD=VALUE`` as people type it, turned into values by the server's field table."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from lokus_client.edits import Change
from lokus_client.errors import InvalidEdit
from lokus_client.fieldtable import FieldTable
from lokus_client.values import Json, JsonObject

_YES: Final = ("ya", "yes", "true", "1")
_NO: Final = ("tidak", "no", "false", "0")


def read_change(table: FieldTable, entity: str, typed: Iterable[str]) -> Change:
    """What the words of a command line change. Raises ``InvalidEdit``.

    ``field=value`` assigns (an empty value clears), ``field+=a,b`` adds to a set and ``field-=a``
    removes from it.
    """
    assigned: JsonObject = {}
    added: JsonObject = {}
    removed: JsonObject = {}
    for one in typed:
        name, equals, value = one.partition("=")
        if not equals or not name.rstrip("+-"):
            raise InvalidEdit(f"write FIELD=VALUE, not {one!r}")
        if name.endswith(("+", "-")):
            part = added if name.endswith("+") else removed
            part[name[:-1]] = _codes(value)
        else:
            assigned[name] = read_value(table, entity, name, value)
    return Change(assigned, added, removed)


def read_value(table: FieldTable, entity: str, name: str, typed: str) -> Json:
    """The value that the field's type makes of the text; text where no type is known."""
    rule = table.rule(entity, name)
    if typed == "":
        return None
    if rule is not None and rule.merge_class == "set":
        return _codes(typed)
    read = _READERS.get("" if rule is None else rule.value_type)
    return typed if read is None else read(name, typed)


def _codes(typed: str) -> list[Json]:
    return [code.strip() for code in typed.split(",") if code.strip()]


def _integer(name: str, typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise InvalidEdit(f"{name} is a whole number") from None


def _number(name: str, typed: str) -> float:
    try:
        # Indonesians write a decimal comma.
        return float(typed.replace(",", "."))
    except ValueError:
        raise InvalidEdit(f"{name} is a number") from None


def _boolean(name: str, typed: str) -> bool:
    if typed.casefold() in (*_YES, *_NO):
        return typed.casefold() in _YES
    raise InvalidEdit(f"{name} is ya or tidak")


def _three_digits(_name: str, typed: str) -> str:
    # RT 3 is written 003 on every card and list.
    return typed.zfill(3) if typed.isdecimal() else typed


_READERS: Final[Mapping[str, Callable[[str, str], Json]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "digits3": _three_digits,
}
