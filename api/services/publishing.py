"""Publish forms: checked before anybody can download them, kept for ever afterwards.

A version on phones is named by its id, its version and the MD5 of its bytes. So one that was
published is never replaced; whoever changes a form gives it a new version. Drafts are nobody's yet
and may be replaced. The version before is closed by the next: phones that still fill it may send
it for as long as they like.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlmodel import Session

from api.errors import AppError
from api.formats.xform.checking import CheckedForm, check
from api.formats.xform.compact import compact
from api.formats.xform.definition import Definition, read_definition
from api.formats.xform.faults import FormFault, FormRefused, whole_form
from api.formats.xform.validating import validate
from api.formats.xform.workbooks import convert
from api.services.acts import Act
from models.queries import auditing, forms
from models.queries.forms import DRAFT, PUBLISHED, NewVersion, PublishedForm
from models.tables.audit import NO_VILLAGE
from sync.expressions import ExpressionError

TITLE_CHARACTERS_MAX: Final = 200
FILE_BYTES_MAX: Final = 5 * 2**20
FILES_MAX: Final = 50
NO_JAVA: Final = (
    "ODK Validate did not run, for want of Java or because it was told not to; everything else "
    "was checked."
)


@dataclass(frozen=True, slots=True)
class ExaminedForm:
    """A workbook that can be published, with all that is made of it."""

    checked: CheckedForm
    xml: bytes
    compact: bytes
    source: bytes
    warnings: tuple[str, ...]

    @property
    def md5(self) -> str:
        """A phone's name for these bytes; no protection is meant."""
        return hashlib.md5(self.xml, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a workbook."""

    form_id: str
    version: str
    outcome: Literal["published", "draft", "unchanged"]
    md5: str
    closed: str | None
    """The version that was offered before."""


def examine(workbook: bytes, files: Mapping[str, bytes], *, java: str | None) -> ExaminedForm:
    """Convert and check a workbook; no database is asked. Raises `AppError` `form-refused`."""
    try:
        converted = convert(workbook)
        checked = check(converted)
        definition = read_definition(converted.xml)
        _check_files(definition, checked, files)
        for_clients = _compact(definition, checked)
        if java is not None:
            validate(converted.xml, java)
    except FormRefused as refused:
        raise refusal(refused) from refused
    warnings = checked.warnings if java is not None else (*checked.warnings, NO_JAVA)
    return ExaminedForm(
        checked=checked,
        xml=converted.xml,
        compact=for_clients,
        source=workbook,
        warnings=warnings,
    )


def _compact(definition: Definition, checked: CheckedForm) -> bytes:
    try:
        return compact(definition, checked.mapping)
    except ExpressionError as error:
        # A cell that is no expression made one: `randomize` of a list of choices, for example.
        raise whole_form(
            f"a setting of a question needs more than every client can do: {error.english}",
            f"ada pengaturan pertanyaan yang tidak didukung semua aplikasi: {error.indonesian}",
        ) from error


def refusal(refused: FormRefused) -> AppError:
    """The faults as an error that a door can answer with."""
    places = "; ".join(f"{fault.place}: {fault.english}" for fault in refused.faults[:3])
    count = len(refused.faults)
    return AppError(
        "form-refused",
        f"{count} fault{'s' if count != 1 else ''}, nothing was published. {places}",
        faults=[fault.as_json() for fault in refused.faults],
    )


def publish(
    session: Session,
    form: ExaminedForm,
    files: Mapping[str, bytes],
    act: Act,
    *,
    draft: bool = False,
) -> Publication:
    """Store a version, and offer it to phones unless it is a draft.

    The same bytes again change nothing. Raises `AppError` `form-version-taken` for other bytes
    under a version that was published.
    """
    mapping = form.checked.mapping
    offered = forms.turn_to_publish(session, mapping.form_id, act.now)
    known = forms.published_form(session, mapping.form_id, mapping.version)
    if known is not None and known.state != DRAFT:
        if known.md5 == form.md5 and _held(known) == dict(files):
            return Publication(mapping.form_id, mapping.version, "unchanged", form.md5, None)
        raise AppError("form-version-taken")
    new = NewVersion(
        form_id=mapping.form_id,
        version=mapping.version,
        state=DRAFT if draft else PUBLISHED,
        kind=mapping.kind.value,
        title=form.checked.title[:TITLE_CHARACTERS_MAX],
        xml=form.xml,
        md5=form.md5,
        mapping=mapping.to_json(),
        compact=form.compact,
        source=form.source,
        entities_version=mapping.entities_version,
    )
    forms.put_version(session, new, files, act.now)
    if not draft:
        forms.offer(session, mapping.form_id, mapping.version, act.now)
    action = "form-drafted" if draft else "form-published"
    detail = {"form": mapping.form_id, "version": mapping.version, "md5": form.md5}
    auditing.append(session, NO_VILLAGE, act.entry(action, **detail))
    return Publication(
        mapping.form_id,
        mapping.version,
        "draft" if draft else "published",
        form.md5,
        None if draft else offered,
    )


def close_form(session: Session, form_id: str, act: Act) -> str:
    """Offer a form to no phone any more; the version that was offered. Late work still comes in.

    Raises `AppError` `not-found` for a form that is not offered.
    """
    if not forms.all_versions(session, form_id):
        raise AppError("not-found", "There is no such form; `lokus form list --all` shows them.")
    offered = forms.turn_to_publish(session, form_id, act.now)
    if offered is None:
        raise AppError("not-found", "No version of this form is offered to phones.")
    forms.offer(session, form_id, None, act.now)
    auditing.append(session, NO_VILLAGE, act.entry("form-closed", form=form_id, version=offered))
    return offered


def _held(form: PublishedForm) -> dict[str, bytes]:
    return {one.name: one.content for one in form.media if one.content is not None}


def _check_files(definition: Definition, checked: CheckedForm, files: Mapping[str, bytes]) -> None:
    """Every file that the form names is an entity list, or comes along."""
    listed = {f"{one.name}.csv" for one in checked.mapping.lists}
    missing = sorted({*definition.files.values()} - listed - files.keys())
    faults = [
        FormFault(
            "survey",
            0,
            "type",
            f"the form reads {name}, which is no entity list: give it along with --attach",
            f"formulir membaca {name} yang bukan daftar entitas: sertakan dengan --attach",
        )
        for name in missing
        if not name.startswith("last-saved")
    ]
    faults += [
        FormFault(
            "workbook",
            0,
            "",
            f"the attached file {name} is too large or has no plain name",
            f"berkas lampiran {name} terlalu besar atau namanya tidak biasa",
        )
        for name, content in files.items()
        if len(content) > FILE_BYTES_MAX or "/" in name or name in listed or len(name) > 200
    ]
    if len(files) > FILES_MAX:
        faults.append(
            FormFault("workbook", 0, "", "too many attached files", "lampiran terlalu banyak")
        )
    if faults:
        raise FormRefused(faults)
