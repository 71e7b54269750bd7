"""The ministry's answer to proposals, handed in as a list: back onto the rows that were sent.

It changes no record. Each answer goes, by NIK and programme, to the exported rows of the area that
wait for one, whatever the period; a refused row becomes a task of its RT, as with `lokus result`.
"""

from collections.abc import Sequence

from sqlmodel import Session

from api.errors import AppError
from api.formats.exports.results import BYTES_MAX, shipped_words
from api.formats.lists.reading import InputFile
from api.services.deputies import deputy
from api.services.exporting_pages import taken_view
from api.services.importing import ImportGround
from api.services.results import Taking, answers_in, names_of, parts_to_answer, take_results
from api.services.reviewers import EVERYWHERE, Reviewer
from models.queries import accounts
from models.queries.scoping import Sight
from sync.permission import Action, Role
from sync.types import Json


def take_answers(
    at: ImportGround, files: Sequence[InputFile], area: str, *, dry_run: bool
) -> list[dict[str, Json]]:
    """What each file's answers changed; a dry run only counts its rows.

    Raises `AppError`: `not-found` where the area has no final export, `value-refused` for a file
    that is no answer, `payload-too-large`.
    """
    return [_take(at, file, area, dry_run=dry_run) for file in files]


def _take(at: ImportGround, file: InputFile, area: str, *, dry_run: bool) -> dict[str, Json]:
    if file.path.stat().st_size > BYTES_MAX:
        raise AppError("payload-too-large")
    answers = answers_in(file.path.read_bytes(), shipped_words())
    now = at.clock.now()
    reader = Reviewer(None, Role.ADMIN, Sight(EVERYWHERE, now), at.ground, at.randomness)
    with at.database.reading() as session:
        parts = parts_to_answer(session, reader, area=area)
        taking = Taking(answers, names_of(session, parts))
        by = _name_of(session, at.actor)
    if dry_run:
        return {"rows": len(answers.lines)}
    for desa, of_village in parts.items():
        with at.database.writing() as session:
            who = deputy(session, reader, desa, Action.RECORD_RESULT, by=by)
            take_results(session, who, of_village, taking)
    told: dict[str, Json] = taken_view(taking).model_dump(mode="json")
    return told


def _name_of(session: Session, actor: str | None) -> str | None:
    account = accounts.account_by_id(session, actor) if actor is not None else None
    return None if account is None else account.name
