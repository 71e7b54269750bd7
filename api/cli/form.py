"""`lokus form`: publish the forms that ODK Collect, KoboCollect and our own app fill."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.office import office, say, say_json, say_table
from api.errors import AppError
from api.formats.xform.mapping import FormMapping
from api.formats.xform.validating import java_here
from api.services.publishing import ExaminedForm, close_form, examine, publish
from models.queries import forms
from models.queries.forms import FormSummary

app = typer.Typer(help="Forms for ODK Collect, KoboCollect and our own app.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Workbook = Annotated[
    Path,
    typer.Argument(
        metavar="FILE.xlsx",
        help="An XLSForm with the column lokus, see clients/odk/README.md.",
        exists=True,
        dir_okay=False,
    ),
]
Attached = Annotated[
    list[Path] | None,
    typer.Option("--attach", exists=True, dir_okay=False, help="A file that the form reads."),
]
Validated = Annotated[
    bool, typer.Option("--validate/--no-validate", help="Run ODK Validate where Java is.")
]


@app.command("check")
def check_form(
    file: Workbook, attach: Attached = None, validate: Validated = True, as_json: AsJson = False
) -> None:
    """Say whether a form can be published, and publish nothing."""
    form = _examined(file, _files(attach), validate=validate, as_json=as_json)
    if as_json:
        say_json(_shown(form) | {"outcome": "fit"})
        return
    _warn(form)
    mapping = form.checked.mapping
    say(
        f"{mapping.form_id} {mapping.version} can be published: {len(mapping.questions)} questions "
        f"feed the register."
    )


@app.command("publish")
def publish_form(
    file: Workbook,
    draft: Annotated[
        bool, typer.Option("--draft", help="Store it without offering it to phones.")
    ] = False,
    attach: Attached = None,
    validate: Validated = True,
    as_json: AsJson = False,
) -> None:
    """Check a form, convert it, and offer it to phones; the version before it is closed."""
    files = _files(attach)
    form = _examined(file, files, validate=validate, as_json=as_json)
    with office() as opened, opened.database.writing() as session:
        done = publish(session, form, files, opened.act(), draft=draft)
    if as_json:
        say_json(_shown(form) | {"outcome": done.outcome, "closed": done.closed})
        return
    _warn(form)
    told = {
        "published": f"{done.form_id} {done.version} is published; phones get it with their next "
        "refresh.",
        "draft": f"{done.form_id} {done.version} is kept as a draft; no phone is offered it.",
        "unchanged": f"{done.form_id} {done.version} was published before, with the same bytes.",
    }
    say(told[done.outcome])
    if done.closed:
        say(f"{done.closed} is closed; what phones filled in with it is still accepted.")


@app.command("list")
def list_forms(
    everything: Annotated[
        bool, typer.Option("--all", help="Also drafts and closed versions.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The forms that phones are offered."""
    with office() as opened, opened.database.reading() as session:
        found = forms.all_versions(session) if everything else forms.current_summaries(session)
    _tell(found, as_json=as_json)


@app.command("show")
def show_form(
    form: Annotated[str, typer.Argument(metavar="ID", help="The form's id.")],
    version: Annotated[str | None, typer.Option(help="Another version than the offered.")] = None,
    xml: Annotated[bool, typer.Option("--xml", help="Print the XForm.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the compact JSON.")] = False,
) -> None:
    """One form: its versions and which question feeds which field, or its contents."""
    with office() as opened, opened.database.reading() as session:
        found = forms.published_form(session, form, version)
        if found is None:
            raise AppError("not-found", "No such form; `lokus form list --all` shows them.")
        compact = forms.compact_form(session, form, found.version)
        versions = forms.all_versions(session, form)
    if xml:
        say(found.xml.decode())
    elif as_json and compact is not None:
        say(compact[1].decode())
    else:
        _tell(versions, as_json=False)
        say("")
        _tell_mapping(found.mapping)


@app.command("close")
def close(
    form: Annotated[str, typer.Argument(metavar="ID", help="The form's id.")],
    as_json: AsJson = False,
) -> None:
    """Offer a form to no phone any more; late submissions are still accepted."""
    with office() as opened, opened.database.writing() as session:
        version = close_form(session, form, opened.act())
    if as_json:
        say_json({"form": form, "version": version, "state": "closed"})
    else:
        say(f"{form} {version} is closed; what phones filled in with it is still accepted.")


def _examined(
    file: Path, files: Mapping[str, bytes], *, validate: bool, as_json: bool
) -> ExaminedForm:
    try:
        return examine(file.read_bytes(), files, java=java_here() if validate else None)
    except AppError as error:
        if error.code == "form-refused":
            _tell_faults(file, error, as_json=as_json)
        raise


def _files(attach: Sequence[Path] | None) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in attach or ()}


def _tell_faults(file: Path, error: AppError, *, as_json: bool) -> None:
    faults: Any = error.extra["faults"]
    if as_json:
        say_json({"outcome": "refused", "faults": faults})
        return
    for fault in faults:
        row = f", row {fault['row']}" if fault["row"] else ""
        column = f", {fault['column']}" if fault["column"] else ""
        say(f"{file.name}: {fault['sheet']}{row}{column}: {fault['en']}")
        say(f"  {fault['id']}")


def _shown(form: ExaminedForm) -> dict[str, object]:
    mapping = form.checked.mapping
    return {
        "form": mapping.form_id,
        "version": mapping.version,
        "title": form.checked.title,
        "kind": mapping.kind.value,
        "md5": form.md5,
        "entities_version": mapping.entities_version,
        "warnings": list(form.warnings),
    }


def _warn(form: ExaminedForm) -> None:
    for warning in form.warnings:
        say(f"warning: {warning}")


def _tell(found: Sequence[FormSummary], *, as_json: bool) -> None:
    rows = [
        {
            "form": one.form_id,
            "version": one.version,
            "state": one.state,
            "kind": one.kind,
            "entities": one.entities_version or "",
            "md5": one.md5,
            "title": one.title,
        }
        for one in found
    ]
    if as_json:
        say_json(rows)
    elif rows:
        say_table(tuple(rows[0]), rows)
    else:
        say("No forms. `lokus form publish FILE.xlsx` publishes one; clients/odk has some.")


def _tell_mapping(text: str) -> None:
    mapping = FormMapping.from_json(text)
    rows = [
        {
            "question": question.path,
            "feeds": " ".join(
                f"{feed.entity or '-'}.{feed.name or '-'} ({feed.role.value})"
                for feed in question.feeds
            ),
        }
        for question in mapping.questions
    ]
    say_table(("question", "feeds"), rows)
