"""Bring what happened before the model: during a run after each complete pull, and in the end."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lokus_client.rows import CopyRow

from api.simulation.collecting import UNIQUE_TEXTS
from api.simulation.evidence import Logged
from api.simulation.handset import Handset
from api.simulation.model import (
    holes,
    live_claims,
    lost_elements,
    lost_in_the_end,
    repeated,
    told_falsely,
    undelivered,
    unlike,
)
from api.simulation.world import World
from models.queries.whole_villages import (
    LogLine,
    StoredConflict,
    StoredRow,
    lane_ends,
    versions,
    whole_log,
    whole_register,
    whole_review,
)

SETS: Final = {"keluarga": ("program",), "anggota": ("disabilitas",)}


def judge_pull(world: World, handset: Handset) -> None:
    """I7: a session that ended well has brought everything up to where its pull ended."""
    if world.undeclared_for is not None:
        return
    for desa, since in handset.link.reached.items():
        rts = world.office.rts_of(handset.link.account, desa)
        if rts is not None and not rts:
            continue
        with world.server.database.reading() as session:
            present = versions(session, desa)
        rows = {one: seq for one, seq, rt in present if rts is None or rt in rts}
        held = {row.id: row.seq for row in handset.copy.values() if row.desa == desa}
        world.history.breaks(list(undelivered(held, rows, since, handset.name)))


def judge(world: World, calm: Sequence[Handset]) -> None:
    """Everything else. ``calm``: phones that read and have nothing more to say."""
    with world.server.database.reading() as session:
        lines, rows = whole_log(session), whole_register(session)
        questions = whole_review(session)
        ends = {lane: last for _, lane, last in lane_ends(session)}
    history, captures = world.history, world.history.captures()
    logged = [_logged(line) for line in lines]
    breaks = history.breaks
    breaks(list(lost_in_the_end(captures, logged)))
    breaks(list(repeated(logged)))
    breaks(list(told_falsely(logged)))
    breaks(list(holes(logged, ends, captures)))
    for handset in calm:
        breaks(list(_compare(world, handset, rows)))
    outcomes = _outcomes(logged)
    apart = _apart(world, lines, rows)
    shown = _shown(rows, questions, apart)
    exactly = not history.asked_too_much
    breaks(list(live_claims(history.statements, outcomes, shown, exactly=exactly)))
    breaks(list(lost_elements(history.elements, outcomes, _present(rows, apart))))
    breaks(list(_unlisted(logged, questions)))
    _count(world, lines, rows, questions)


def _outcomes(logged: Iterable[Logged]) -> dict[str, Logged]:
    """By hash. Of what two devices brought, as one store was enrolled twice, what was merged."""
    told = [one for one in logged if one.outcome != "duplicate"]
    return {one.hash: one for one in sorted(told, key=lambda one: one.outcome != "quarantined")}


def _logged(line: LogLine) -> Logged:
    groups = line.entry.get("groups")
    conflict = line.entry.get("conflict")
    return Logged(
        line.desa,
        line.lane,
        line.seq,
        line.lineage,
        line.hash,
        hashlib.sha256(line.body.encode()).hexdigest(),
        line.record,
        line.outcome,
        {name: str(told["outcome"]) for name, told in groups.items() if isinstance(told, dict)}
        if isinstance(groups, dict)
        else {},
        conflict if isinstance(conflict, str) else None,
    )


def _compare(world: World, handset: Handset, rows: Sequence[StoredRow]) -> Iterator[str]:
    """I3, and what the phone itself says about agreement."""
    account, projected = handset.link.account, {}
    for row in rows:
        rts = world.office.rts_of(account, row.desa)
        if rts is None or row.rt in rts:
            projected[row.id] = _told(row)
    held = {row.id: _held(row) for row in handset.copy.values()}
    yield from unlike(held, projected, handset.name)
    for agreement in handset.phone.status().agreements:
        # Of a village that has no history yet there is nothing to compare.
        if agreement.verdict != "agrees" and any(row.desa == agreement.desa for row in rows):
            place = f"{agreement.desa} {agreement.rt}"
            yield f"I3 {handset.name}: digest of {place} {agreement.verdict}"


def _told(row: StoredRow) -> str:
    """The row as a phone ought to hold it. Of an alias only its place is told."""
    if row.alias is not None:
        return _canonical([row.entity, row.desa, row.seq, row.alias])
    content = [row.doc, row.ended, row.review, row.parent]
    return _canonical([row.entity, row.desa, row.seq, *content])


def _held(row: CopyRow) -> str:
    if row.alias is not None:
        return _canonical([row.entity, row.desa, row.seq, row.alias])
    content = [row.doc, row.ended, list(row.review), row.parent]
    return _canonical([row.entity, row.desa, row.seq, *content])


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _apart(world: World, lines: Iterable[LogLine], rows: Iterable[StoredRow]) -> set[str]:
    """Records whose groups are decided by more than who knew what: ended, merged, reviewed."""
    apart = {line.record for line in lines if line.kind in {"end", "resolve"} and line.record}
    for row in rows:
        if row.alias is not None:
            apart |= {row.id, row.alias}
    return apart | world.history.put_apart


def _shown(
    rows: Iterable[StoredRow], questions: Iterable[StoredConflict], apart: set[str]
) -> dict[tuple[str, str], set[str]]:
    """(record, group) → current value and candidates, for groups of texts that are told apart."""
    shown: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for name in UNIQUE_TEXTS.get(row.entity, ()) if row.id not in apart else ():
            shown[row.id, name] = {str(row.doc.get(name, ""))}
    for question in questions:
        place = (question.record, question.group)
        if question.state == "open" and question.kind == "value" and place in shown:
            shown[place] |= {str(one.get(question.group, "")) for one in question.candidates}
    return shown


def _present(rows: Iterable[StoredRow], apart: set[str]) -> dict[tuple[str, str], set[str]]:
    present: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for name in SETS.get(row.entity, ()) if row.id not in apart else ():
            elements = row.doc.get(name)
            listed = elements if isinstance(elements, list) else []
            present[row.id, name] = {str(one) for one in listed}
    return present


def _unlisted(logged: Iterable[Logged], questions: Iterable[StoredConflict]) -> Iterator[str]:
    """I4: a proposal that was answered `conflict` stands in a conflict that exists."""
    known = {question.id for question in questions}
    for one in logged:
        if one.outcome == "conflict" and one.conflict not in known:
            yield f"I4 {one.lane}:{one.seq} was answered with a conflict that nobody has"


def _count(
    world: World,
    lines: Iterable[LogLine],
    rows: Iterable[StoredRow],
    questions: Iterable[StoredConflict],
) -> None:
    """What the engine had to decide, as its tables show it in the end."""
    counted: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        counted[_OUTCOME_COUNTERS.get(line.outcome, line.outcome)] += 1
        problem = line.entry.get("problem")
        if isinstance(problem, str):
            counted[problem] += 1
    for question in questions:
        counted[_KIND_COUNTERS.get(question.kind, question.kind)] += 1
        counted["reopened"] += question.reopens is not None
        counted["withdrawn"] += question.state == "withdrawn"
    counted["aliases"] = sum(row.alias is not None for row in rows)
    counted["records"] = sum(1 for _ in rows)
    counted["phone-crashes"] = sum(handset.deaths for handset in world.handsets)
    world.counts.take(counted)


_OUTCOME_COUNTERS: Final[Mapping[str, str]] = {"conflict": "conflicts", "duplicate": "reoffered"}
_KIND_COUNTERS: Final[Mapping[str, str]] = {
    "value": "value-questions",
    "identity-duplicate": "identity-duplicates",
}
