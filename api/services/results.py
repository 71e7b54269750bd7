"""The ministry's answers, back onto the rows that were sent, and tasks for what was refused.

A row is found by its NIK, through the keyed hash alone, and by its programme. Answers are kept word
for word. The same file again changes nothing; a later file may say something else about a row, and
then the later word stands.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid5

from sqlmodel import Session

from api.errors import AppError
from api.formats.exports.results import (
    ACCEPTED,
    REJECTED,
    AnswerLine,
    UnreadableAnswer,
    Words,
    read_answers,
)
from api.services.exporting import found_export
from api.services.reviewers import Reviewer
from models.queries import exports, tasks
from models.queries.areas import area_names
from models.queries.auditing import append
from models.queries.exports import DRAFT, AnsweredRow, StoredExport
from models.queries.tasks import CLOSED, OPEN, StoredTask
from sync.types import Json

REFUSED_PROPOSAL: Final = "usulan_ditolak"
UNMATCHED_TOLD_MAX: Final = 500
EXPORTS_PER_VILLAGE_MAX: Final = 50
_TOLD: Final = ("hasil", "padan", "keterangan")
"""What of an answer a task repeats: neither name nor number."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A file of the ministry, read whole."""

    sha256: str
    lines: Sequence[AnswerLine]
    words: Words


@dataclass(slots=True)
class Taken:
    """What an answer changed, over all villages."""

    matched: set[int] = field(default_factory=set)
    """Lines that found their row."""
    outcomes: dict[str, int] = field(default_factory=dict)
    unclear: dict[str, int] = field(default_factory=dict)
    """Words of *hasil* that are in neither list → how often."""
    changed: int = 0
    same: int = 0
    tasks_opened: int = 0
    tasks_closed: int = 0

    def unmatched(self, answers: Answers) -> list[int]:
        """Lines for which no exported row was found."""
        return [one.line for one in answers.lines if one.line not in self.matched]


@dataclass(frozen=True, slots=True)
class Taking:
    """An answer while it is taken, village by village."""

    answers: Answers
    names: Mapping[str, str]
    """Village → its name, of all villages that are answered."""
    taken: Taken = field(default_factory=Taken)


def answers_in(content: bytes, words: Words) -> Answers:
    """Read an answer. Raises `AppError` `value-refused`."""
    try:
        lines = list(read_answers(content))
    except UnreadableAnswer as error:
        raise AppError("value-refused", f"This is no answer to a usulan: {error}.") from None
    return Answers(hashlib.sha256(content).hexdigest(), lines, words)


def parts_to_answer(
    session: Session, reviewer: Reviewer, *, export: str = "", area: str = "", period: str = ""
) -> dict[str, list[StoredExport]]:
    """Village → its parts of the exports that may be answered, the latest first.

    By one export's id, or by area and period. Raises `AppError` `not-found`.
    """
    if export:
        parts = found_export(session, reviewer, export)
    else:
        parts = exports.final_exports(session, reviewer.sight, area, period)
    found: dict[str, list[StoredExport]] = {}
    for part in parts:
        if part.state != DRAFT and len(found.get(part.desa, ())) < EXPORTS_PER_VILLAGE_MAX:
            found.setdefault(part.desa, []).append(part)
    if not found:
        raise AppError("not-found", "There is no final export that this could answer.")
    return found


def names_of(session: Session, desas: Iterable[str]) -> dict[str, str]:
    """Village → its name as it is compared with an answer's."""
    return {code: _plain(name) for code, name in area_names(session, desas).items()}


def take_results(
    session: Session, reviewer: Reviewer, parts: Sequence[StoredExport], taking: Taking
) -> None:
    """Take one village's part of an answer. `parts` are that village's, the latest first.

    Adds to `taking.taken`; nothing happens for an export that took this very file before.
    """
    desa = parts[0].desa
    by_key: dict[str, list[AnswerLine]] = {}
    for line in _lines_of(desa, taking.answers.lines, taking.names):
        by_key.setdefault(exports.natural_key(session, line.nik), []).append(line)
    for part in parts:
        sent: dict[str, list[AnsweredRow]] = {}
        for row in exports.rows_with_numbers(session, desa, part.id, by_key):
            sent.setdefault(row.natural_key, []).append(row)
        matches = [
            (row, line)
            for key, rows in sent.items()
            for row, line in _pairs(rows, by_key[key])
            if line.line not in taking.taken.matched
        ]
        if matches:
            _take(session, reviewer, part, matches, taking)


def _take(
    session: Session,
    reviewer: Reviewer,
    part: StoredExport,
    matches: Sequence[tuple[AnsweredRow, AnswerLine]],
    taking: Taking,
) -> None:
    answers, taken = taking.answers, taking.taken
    taken.matched.update(line.line for _, line in matches)
    if answers.sha256 in part.taken:
        taken.same += len(matches)
        return
    answered = [_answered(row, line, answers, reviewer) for row, line in matches]
    for row in answered:
        taken.outcomes[row.outcome] = taken.outcomes.get(row.outcome, 0) + 1
        if row.outcome not in (ACCEPTED, REJECTED):
            said = str((row.answer or {}).get("hasil"))
            taken.unclear[said] = taken.unclear.get(said, 0) + 1
    taken.changed += len(answered)
    exports.store_answers(session, part.desa, answered)
    exports.note_taken(session, part.desa, part.id, [*part.taken, answers.sha256])
    opened, closed = _follow(session, reviewer, answered)
    taken.tasks_opened += opened
    taken.tasks_closed += closed
    entry = reviewer.entry(
        "export-answered", export=part.id, file=answers.sha256, rows=len(answered), tasks=opened
    )
    append(session, part.desa, entry)


def _lines_of(desa: str, lines: Sequence[AnswerLine], names: Mapping[str, str]) -> list[AnswerLine]:
    """Lines that may be about a village: with a NIK, and not named as another one of these."""
    others = {name for code, name in names.items() if code != desa}
    own = names.get(desa, "")
    return [
        line
        for line in lines
        if line.nik and (_plain(str(line.values["desa"])) == own
                         or _plain(str(line.values["desa"])) not in others)
    ]  # fmt: skip


def _pairs(
    sent: Sequence[AnsweredRow], lines: Sequence[AnswerLine]
) -> Iterator[tuple[AnsweredRow, AnswerLine]]:
    """Each line with the row it is about: of its programme, or the only one of its NIK."""
    for line in lines:
        of_programme = [row for row in sent if row.program == line.program]
        if of_programme:
            yield of_programme[0], line
        elif len(sent) == 1 and not line.program:
            yield sent[0], line


def _answered(
    row: AnsweredRow, line: AnswerLine, answers: Answers, reviewer: Reviewer
) -> AnsweredRow:
    return replace(
        row,
        outcome=answers.words.outcome(str(line.values["hasil"])),
        answer=dict(line.values),
        answer_hash=answers.sha256,
        answered_at=reviewer.now,
    )


def _follow(
    session: Session, reviewer: Reviewer, answered: Sequence[AnsweredRow]
) -> tuple[int, int]:
    """Open a task for each refused row, and close those that were taken after all."""
    desa = answered[0].desa
    ids = {row.n: _task_id(row) for row in answered}
    known = tasks.tasks_with_ids(session, desa, list(ids.values()))
    changed: list[StoredTask] = []
    for row in answered:
        task = known.get(ids[row.n])
        if row.outcome == REJECTED:
            words: dict[str, Json] = {name: (row.answer or {}).get(name) for name in _TOLD}
            if task is None or dict(task.words) != words:
                changed.append(_opened(row, ids[row.n], words, reviewer))
        elif row.outcome == ACCEPTED and task is not None and task.state == OPEN:
            changed.append(
                replace(
                    task,
                    state=CLOSED,
                    closed_at=reviewer.now,
                    closed_by=reviewer.account_id,
                    note="diterima kemudian",
                )
            )
    tasks.store_tasks(session, desa, changed)
    closed = sum(one.state == CLOSED for one in changed)
    return len(changed) - closed, closed


def _opened(
    row: AnsweredRow, task: str, words: Mapping[str, Json], reviewer: Reviewer
) -> StoredTask:
    return StoredTask(
        desa=row.desa,
        id=task,
        rt=row.rt,
        kind=REFUSED_PROPOSAL,
        keluarga=row.keluarga,
        record=row.record,
        export=row.export,
        program=row.program,
        words=words,
        state=OPEN,
        created_at=reviewer.now,
    )


def _task_id(row: AnsweredRow) -> str:
    """The same row of the same export has one task, whoever brings its answer how often."""
    return str(uuid5(UUID(row.export), f"{row.desa} {row.n}"))


def _plain(name: str) -> str:
    return " ".join(name.upper().split())
