"""What is left in a village, told so that it can be compared with what is left in another one.

Names that were drawn at random (of lanes, forms, questions) and moments are not what two villages
have in common. A lane is called after its phone or its form, a form after its instance and content,
a question after what it asks.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

_ASKED = {
    "feed": "SELECT head FROM feed WHERE desa = '{desa}'",
    "record": "SELECT id, entity, parent, keluarga, rt, seq, created_seq, rt_since, left_rts, doc, "
    "stamps, end_reason, end_body, alias, merged, review, disputed FROM record "
    "WHERE desa = '{desa}' ORDER BY id",
    "operation": "SELECT lane, seq, lineage, hash, kind, record, body, outcome, entry, at, "
    "observed, suspect, account_id FROM operation WHERE desa = '{desa}'",
    "lane": "SELECT lane, lineage, account_id, source, last, extra FROM lane WHERE desa = '{desa}'",
    "conflict": "SELECT id, body, version FROM conflict WHERE desa = '{desa}'",
    "quarantine": "SELECT lane, lane_seq, record, creates, problem, detail, cause, state, "
    "account_id FROM quarantine WHERE desa = '{desa}'",
    "submission": "SELECT id, replaces, form_id, form_version, device_id, account_id, size, state, "
    "problem, record, branch, base_version, trunk_version, lane, first_seq, last_seq, complete, "
    "visit FROM submission WHERE desa = '{desa}'",
    "submission_file": "SELECT submission, name, sha256, named FROM submission_file "
    "WHERE desa = '{desa}'",
    "held": "SELECT submission, reason, awaits, state FROM held WHERE desa = '{desa}'",
    "family_left": "SELECT keluarga, seq FROM family_left WHERE desa = '{desa}'",
    "audit": "SELECT n, actor, device, action, detail FROM audit WHERE chain = '{desa}' ORDER BY n",
}
_BEGINS_JSON = ("{", "[")


def left_in(session: Session, desa: str, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Every row of the village by table; `names` are those of its phones and accounts."""
    told = {**names, **_drawn(session, desa, names)}
    left: dict[str, list[Any]] = {}
    for table, question in _ASKED.items():
        rows = session.connection().exec_driver_sql(question.format(desa=desa)).mappings()
        lines = [json.dumps(_renamed(dict(row), told), sort_keys=True) for row in rows]
        left[table] = [json.loads(line) for line in (lines if table == "audit" else sorted(lines))]
    return left


def _drawn(session: Session, desa: str, names: Mapping[str, str]) -> dict[str, str]:
    def ask(question: str) -> Iterable[Any]:
        rows = session.connection().exec_driver_sql(question.format(desa=desa)).mappings()
        return [tuple(_plain(dict(row)).values()) for row in rows]

    drawn: dict[str, str] = {}
    forms = "SELECT id, instance, sha256, lane FROM submission WHERE desa = '{desa}'"
    for form, instance, digest, lane in ask(forms):
        drawn[form] = f"form {instance} {digest}"
        drawn[str(lane)] = f"lane of {instance} {digest}"
    lanes = "SELECT lane, lineage FROM lane WHERE desa = '{desa}' AND source = 'odk'"
    drawn |= {lane: f"lane of {names[phone]}" for lane, phone in ask(lanes)}
    asked: dict[str, int] = {}
    questions = (
        "SELECT id, record, group_name, kind, twin, state, version, reopens FROM conflict "
        "WHERE desa = '{desa}' ORDER BY opened_at, body"
    )
    for question, *about in ask(questions):
        name = " ".join(map(str, about))
        asked[name] = asked.get(name, 0) + 1
        drawn[question] = f"question {asked[name]} about {name}"
    return drawn


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """One of the databases has a type of its own for ids."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        column: _told(json.loads(value) if str(value).startswith(_BEGINS_JSON) else value, names)
        for column, value in _plain(row).items()
    }


def _told(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON of any shape)
    match value:
        case dict():
            return {_told(k, names): _told(v, names) for k, v in value.items()}
        case list():
            told = [_told(one, names) for one in value]
            # What a lane knows is kept in the order of names that were drawn.
            return sorted(told) if all(map(_is_dot, told)) else told
        case str():
            lane, colon, seq = value.rpartition(":")
            is_place = colon and seq.isdigit() and lane in names
            return f"{names[lane]}:{seq}" if is_place else names.get(value, value)
        case _:
            return value


def _is_dot(value: Any) -> bool:  # noqa: ANN401 (JSON of any shape)
    match value:
        case [str(), int()]:
            return True
        case _:
            return False
