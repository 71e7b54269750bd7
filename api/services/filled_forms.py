"""Filled forms for whoever reviews them: found, read, marked, talked about.

A mark and a comment say what somebody thinks. Neither changes the register: what a form said there
is kept, replaced or disputed by what is said after it, never by an opinion about the form.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.formats.odata.fields import Field, fields_of
from api.formats.odata.rows import named_files
from api.formats.xform.submission import Node, Refused, Unreadable, parsed
from api.randomness import new_id
from api.services.reviewers import Reviewer
from models.queries import filled, forms, marks
from models.queries.auditing import AuditEntry, append
from models.queries.filled import Asked, FilledForm, Version
from models.queries.forms import CLOSED, PUBLISHED, FormSummary
from models.queries.marks import Comment, Mark
from models.queries.submissions import StoredFile

COMMENT_CHARACTERS_MAX: Final = 4_000
STATES: Final = frozenset({"edited", "hasIssues", "approved", "rejected"})


@dataclass(frozen=True, slots=True)
class ListedForm:
    """A form through all its versions; `shown` is the one that its tables are made of."""

    shown: FormSummary
    versions: tuple[FormSummary, ...]

    @property
    def is_open(self) -> bool:
        return self.shown.state == PUBLISHED


def listed_forms(session: Session) -> list[ListedForm]:
    """Every form that was ever published, by id."""
    found: dict[str, list[FormSummary]] = {}
    for one in forms.all_versions(session):
        if one.state in (PUBLISHED, CLOSED):
            found.setdefault(one.form_id, []).append(one)
    return [ListedForm(_shown(versions), tuple(versions)) for versions in found.values()]


def listed_form(session: Session, form_id: str) -> ListedForm:
    """One form. Raises `AppError` `not-found`, also for one that has only drafts."""
    versions = [
        one for one in forms.all_versions(session, form_id) if one.state in (PUBLISHED, CLOSED)
    ]
    if not versions:
        raise AppError("not-found")
    return ListedForm(_shown(versions), tuple(versions))


def xml_of_form(session: Session, form: FormSummary) -> bytes:
    """The XForm as phones got it."""
    found = forms.published_form(session, form.form_id, form.version)
    assert found is not None, "what was published is there for ever"
    return found.xml


def fields_of_form(session: Session, form_id: str) -> Field:
    """The questions of a form. Raises `AppError` `not-found`."""
    return fields_of(xml_of_form(session, listed_form(session, form_id).shown))


def _shown(versions: list[FormSummary]) -> FormSummary:
    """What phones are offered, or what they were offered last."""
    offered = next((one for one in versions if one.state == PUBLISHED), None)
    return offered or max(versions, key=lambda one: one.published_at or one.created_at)


# One filled form ------------------------------------------------------------------------------


def one_filled(session: Session, reviewer: Reviewer, form_id: str, instance: str) -> FilledForm:
    """One filled form. Raises `AppError` `not-found`, also for one outside of the areas."""
    found = filled.filled_form(session, Asked(form_id, reviewer.sight), instance)
    if found is None:
        raise AppError("not-found")
    return found


def one_version(
    session: Session, reviewer: Reviewer, form_id: str, instance: str, version: str
) -> tuple[FilledForm, Version]:
    """One version of a filled form by its own id. Raises `AppError` `not-found`."""
    one = one_filled(session, reviewer, form_id, instance)
    versions = filled.versions_of(session, one)
    found = next((candidate for candidate in versions if candidate.instance == version), None)
    if found is None:
        raise AppError("not-found")
    return one, found


def node_of(xml: bytes) -> Node | None:
    """The answers as a tree; nothing where they are encrypted or cannot be read."""
    try:
        root = parsed(xml)
    except (Refused, Unreadable):
        return None
    return None if root.attributes.get("encrypted") == "yes" else root


def instance_name(node: Node | None) -> str | None:
    """What the form calls itself."""
    meta = node.child("meta") if node is not None else None
    return (meta.said("instanceName") or None) if meta is not None else None


def read_entry(reviewer: Reviewer, one: FilledForm) -> AuditEntry:
    """Who has read it."""
    return reviewer.entry("submission-read", submission=one.id)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a filled form names or brought; nothing in place of what did not come."""

    name: str
    file: StoredFile | None


def attached(root: Field, node: Node | None, files: Mapping[str, StoredFile]) -> Iterator[Attached]:
    """Every file of a filled form by name, those that did not come as well."""
    for name in sorted({*named_files(root, node), *files}):
        yield Attached(name, files.get(name))


def files_by_name(
    found: Mapping[tuple[str, str], list[StoredFile]], one: FilledForm
) -> dict[str, StoredFile]:
    """Files of the present version, and of the first where an edit did not bring them again."""
    files: dict[str, StoredFile] = {}
    for submission in (one.current_id, one.id):
        for held in found.get((one.desa, submission), ()):
            files.setdefault(held.name, held)
    return files


def files_of_one(session: Session, one: FilledForm) -> dict[str, StoredFile]:
    """The files of one filled form by name."""
    return files_by_name(filled.files_of_many(session, places_of([one])), one)


def places_of(found: list[FilledForm]) -> set[tuple[str, str]]:
    """Where the files of filled forms are noted."""
    return {(one.desa, submission) for one in found for submission in (one.id, one.current_id)}


# Opinions -------------------------------------------------------------------------------------


def mark(session: Session, reviewer: Reviewer, one: FilledForm, state: str | None) -> None:
    """Mark a filled form. The register does not change."""
    assert state is None or state in STATES, "the door has looked"
    assert reviewer.account_id is not None, "an opinion is somebody's"
    put = Mark(one.desa, one.id, state, reviewer.now, reviewer.account_id)
    marks.put_mark(session, put)
    entry = reviewer.entry(
        "submission-marked", submission=one.id, before=one.review_state, state=state
    )
    append(session, one.desa, entry)


def comment(session: Session, reviewer: Reviewer, one: FilledForm, body: str) -> Comment:
    """Say something about a filled form. The words are not repeated in the audit chain."""
    assert reviewer.account_id is not None, "an opinion is somebody's"
    said = Comment(
        desa=one.desa,
        id=new_id(reviewer.now, reviewer.randomness),
        submission=one.id,
        body=body,
        account_id=reviewer.account_id,
        created_at=reviewer.now,
    )
    marks.add_comment(session, said)
    append(session, one.desa, reviewer.entry("submission-commented", submission=one.id))
    return said
