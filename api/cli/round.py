"""`lokus round`: a village's work in a period, step by step, in the name of who does it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from api.cli import round_looking
from api.cli.handing_in import hand_in
from api.cli.office import Office, office, say, say_json
from api.cli.record import reader_of
from api.cli.round_looking import AsJson, Desa, PeriodName
from api.errors import AppError
from api.schemas.rounds import StandingView, StatedView
from api.schemas.signoff import FrozenView, MeetingVersion
from api.services import signing
from api.services.deputies import deputy
from api.services.musyawarah import DECISIONS_PER_REQUEST_MAX, Verdict, Wished, alike, write_meeting
from api.services.musyawarah import decide as decide_families
from api.services.periods import moment_of
from api.services.pins import prove_pin
from api.services.reviewers import Reviewer
from api.services.round_checks import explain
from api.services.rounds import Asked, unlock
from api.services.rounds import step as take_step
from api.services.rt_statements import state_rt, withdraw_rt
from models.queries.frozen import FrozenNote
from models.queries.musyawarahs import Attendant, Meeting, recorded
from models.queries.rounds import Explained, StoredRound
from sync.permission import Action
from sync.signoff import ASKED_FOR, Event
from sync.types import Json

app = typer.Typer(help="A village's work in a period, up to its signature.", no_args_is_help=True)

By = Annotated[
    str | None,
    typer.Option(metavar="ACCOUNT", help="In whose name; else the nearest who may do it."),
]
Why = Annotated[str, typer.Option(help="Why; it stays in the round's log.")]
Hash = Annotated[str, typer.Option("--hash", help="Of what was frozen, from `lokus round show`.")]

NOBODY_ASKED = (
    "Nobody undecided is on the agenda for that: `lokus round agenda` lists families and reasons."
)

app.command("show")(round_looking.show)
app.command("list")(round_looking.list_rounds)
app.command("check")(round_looking.check)
app.command("agenda")(round_looking.agenda)
app.command("late")(round_looking.late)


@dataclass(frozen=True, slots=True)
class _Acting:
    """Somebody at work in a transaction."""

    opened: Office
    session: Session
    reviewer: Reviewer

    @property
    def secret(self) -> bytes:
        return self.opened.settings.secret


_OF_THE_OFFICE = frozenset({Event.DIFINALKAN, Event.DISAHKAN_BUPATI, Event.DIBUKA_KEMBALI})


def _usual(event: Event, by: str | None) -> Action:
    """Whose step it usually is: the operator's, or from the finalising on a supervisor's.

    Whoever is named only has to be somebody who may move a round at all.
    """
    if by is not None:
        return Action.MOVE_ROUND
    return Action.MANAGE_PERIODS if event in _OF_THE_OFFICE else Action.HOLD_MUSYAWARAH


@contextmanager
def _acting(desa: str, action: Action, by: str | None) -> Iterator[_Acting]:
    with office() as opened, opened.database.writing() as session:
        yield _Acting(opened, session, deputy(session, reader_of(opened), desa, action, by=by))


@app.command("step")
def step(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(sorted(ASKED_FOR))}.")],
    desa: Desa,
    period: PeriodName,
    reason: Why = "",
    nomor: Annotated[str | None, typer.Option(help="Number of the bupati's letter.")] = None,
    tanggal: Annotated[str | None, typer.Option(help="Its date.")] = None,
    scan: Annotated[str | None, typer.Option(help="SHA-256 of its scan.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Take a step of the round."""
    if name not in ASKED_FOR:
        known = ", ".join(sorted(ASKED_FOR))
        raise AppError("value-refused", f"Steps are {known}; a village is signed by `round sign`.")
    letter: dict[str, Json] = {"nomor": nomor, "tanggal": tanggal, "scan": scan}
    detail = {key: value for key, value in letter.items() if value is not None}
    with _acting(desa, _usual(Event(name), by), by) as now:
        asked = Asked(Event(name), reason, None, detail)
        stored = take_step(now.session, now.reviewer, desa, period, asked)
    _tell_round(stored, as_json)


@app.command("reopen")
def reopen(
    desa: Desa, period: PeriodName, reason: Why, by: By = None, as_json: AsJson = False
) -> None:
    """Lead a round back to the verification; what was signed stays, but no longer holds."""
    with _acting(desa, _usual(Event.DIBUKA_KEMBALI, by), by) as now:
        asked = Asked(Event.DIBUKA_KEMBALI, reason)
        stored = take_step(now.session, now.reviewer, desa, period, asked)
    _tell_round(stored, as_json)


@app.command("unlock")
def unlock_village(
    desa: Desa,
    period: PeriodName,
    until: Annotated[str, typer.Option(help="The last day, or a time.")],
    reason: Why,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let a village do its steps although its window is closed."""
    with _acting(desa, Action.MANAGE_PERIODS, by) as now:
        moment = moment_of(until, now.opened.settings.zone, end=True)
        stored = unlock(now.session, now.reviewer, desa, period, until=moment, reason=reason)
    _tell_round(stored, as_json)


@app.command("rt")
def rt(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    desa: Desa,
    period: PeriodName,
    rt: Annotated[str, typer.Option("--rt", help="RT/RW like 003/001; empty where unknown.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the statement back.")] = False,
    reason: Why = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """State that an RT is done, in its head's name."""
    with _acting(desa, Action.STATE_RT_DONE, by) as now:
        if withdraw:
            stated = withdraw_rt(now.session, now.reviewer, desa, period, rt, reason)
        else:
            stated = state_rt(now.session, now.reviewer, desa, period, rt)
    if as_json:
        say_json(StatedView.model_validate(stated).model_dump(mode="json"))
    else:
        what = "is not done" if withdraw else f"is done, {stated.lacking} without an outcome"
        say(f"RT {rt or 'unknown'} of {desa} {what}.")


@app.command("explain")
def explain_finding(
    desa: Desa,
    period: PeriodName,
    record: Annotated[str, typer.Option(help="The record's id, from `lokus round check`.")],
    code: Annotated[str, typer.Option(help="The finding's code.")],
    reason: Why,
    by: By = None,
) -> None:
    """Say why a finding stands although it looks wrong."""
    with _acting(desa, _usual(Event.ALASAN_TEMUAN, by), by) as now:
        reviewer = now.reviewer
        reason_given = Explained(record, code, reason, reviewer.now, reviewer.account_id)
        explain(now.session, reviewer, desa, period, reason_given)
    say("Noted.")


@app.command("attend")
def attend(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    desa: Desa,
    period: PeriodName,
    place: Annotated[str, typer.Option(help="Where the musyawarah was held.")],
    day: Annotated[str, typer.Option("--date", help="When, YYYY-MM-DD.")],
    signed: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:ROLE", help="Who came and signed; several allowed."),
    ] = None,
    who: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:ROLE", help="Who came without signing; several allowed."),
    ] = None,
    notes: Annotated[str, typer.Option(help="What else was said.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write the musyawarah down: place, day, who came. Replaces what was written before."""
    came = (
        *(_attendant(o, True) for o in signed or ()),
        *(_attendant(o, False) for o in who or ()),
    )
    with _acting(desa, Action.HOLD_MUSYAWARAH, by) as now:
        seen = recorded(now.session, desa, period).meeting.version
        wished = Meeting(seen, place, _day(day), came, notes)
        meeting = write_meeting(now.session, now.reviewer, desa, period, wished)
    _tell_meeting(meeting, as_json)


@app.command("decide")
def decide(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    desa: Desa,
    period: PeriodName,
    decision: Annotated[Verdict, typer.Option(help="What the meeting decided.")],
    family: Annotated[list[str] | None, typer.Option(help="The family's id; several.")] = None,
    all_of: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="All undecided on the agenda for this, like mampu."),
    ] = None,
    reason: Why = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write down what the musyawarah decided about families."""
    with _acting(desa, Action.HOLD_MUSYAWARAH, by) as now:
        ids = list(family or ())
        if all_of is not None:
            ids += alike(now.session, now.reviewer, desa, period, all_of)
        wished = [Wished(one, decision, reason) for one in dict.fromkeys(ids)]
        if not wished:
            raise AppError("value-refused", NOBODY_ASKED)
        meeting: Meeting | None = None
        for part in _parts(wished):
            meeting = decide_families(now.session, now.reviewer, desa, period, part)
        assert meeting is not None, "somebody was decided about"
    _tell_meeting(meeting, as_json)


@app.command("freeze")
def freeze(desa: Desa, period: PeriodName, by: By = None, as_json: AsJson = False) -> None:
    """Write the village down as it is: a draft to print, until its hash is signed."""
    with _acting(desa, _usual(Event.DIBEKUKAN, by), by) as now:
        note = signing.freeze(now.session, now.reviewer, now.secret, desa, period)
    _tell_frozen(note, "frozen", as_json)


@app.command("approve")
def approve(
    desa: Desa, period: PeriodName, digest: Hash, by: By = None, as_json: AsJson = False
) -> None:
    """Approve what was frozen, so that nobody signs alone what they edited."""
    with _acting(desa, Action.MANAGE_PERIODS if by is None else Action.MOVE_ROUND, by) as now:
        note = signing.approve(now.session, now.reviewer, desa, period, digest)
    _tell_frozen(note, "approved", as_json)


@app.command("sign")
def sign(  # noqa: PLR0913, PLR0917  (the parameters of a command are its options)
    desa: Desa,
    period: PeriodName,
    digest: Hash,
    scan: Annotated[
        Path | None, typer.Option(help="On paper: the signed sheet's scan, a PDF, JPEG or PNG.")
    ] = None,
    accept_later: Annotated[
        bool,
        typer.Option("--accept-later", help="The sheet is older than what changed meanwhile."),
    ] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Sign what was frozen: with the village head's PIN, or on paper with --scan."""
    action = Action.SIGN if scan is None else Action.SIGN_ON_PAPER
    if scan is None:
        _prove(desa, by)
    method = signing.PIN if scan is None else signing.KERTAS
    with _acting(desa, action, by) as now:
        kept = None if scan is None else hand_in(now.session, now.opened, now.reviewer, desa, scan)
        wanted = signing.Signing(digest, method, kept, accept_later)
        note = signing.sign(now.session, now.reviewer, now.secret, (desa, period), wanted)
    _tell_frozen(note, "signed", as_json)


def _prove(desa: str, by: str | None) -> None:
    """Ask for the signer's PIN: on the terminal, or from standard input. Never an argument."""
    asked = sys.stdin.isatty()
    pin = typer.prompt("PIN", hide_input=True) if asked else sys.stdin.readline().strip()
    with office() as opened:
        with opened.database.reading() as session:
            signer = deputy(session, reader_of(opened), desa, Action.SIGN, by=by)
        assert signer.account_id is not None, "a deputy has an account"
        secret = opened.settings.secret
        prove_pin(opened.database, secret, signer.account_id, str(pin), opened.clock.now())


def _parts(wished: Sequence[Wished]) -> Iterator[Sequence[Wished]]:
    """As many as are decided at once."""
    for start in range(0, len(wished), DECISIONS_PER_REQUEST_MAX):
        yield wished[start : start + DECISIONS_PER_REQUEST_MAX]


def _attendant(text: str, signed: bool) -> Attendant:
    name, colon, role = text.rpartition(":")
    if not colon or not name.strip() or not role.strip():
        raise AppError("value-refused", "Say who came as NAME:ROLE, like 'Contoh Satu:ketua RT'.")
    return Attendant(name.strip(), role.strip(), signed)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AppError("value-refused", "A day is YYYY-MM-DD.") from None


def _tell_round(stored: StoredRound, as_json: bool) -> None:
    if as_json:
        say_json(StandingView.model_validate(stored).model_dump(mode="json"))
    else:
        say(f"{stored.desa} in {stored.period}: {stored.state.value}, version {stored.version}")


def _tell_meeting(meeting: Meeting, as_json: bool) -> None:
    if as_json:
        say_json(MeetingVersion(version=meeting.version).model_dump())
    else:
        say(f"Written down; the musyawarah is at version {meeting.version}.")


def _tell_frozen(note: FrozenNote, what: str, as_json: bool) -> None:
    if as_json:
        say_json(FrozenView.model_validate(note).model_dump(mode="json"))
        return
    say(f"{note.desa} in {note.period} {what}: {note.families} families, {note.members} people")
    say(f"hash {note.hash}\ncode {note.code}")
    lacking: Sequence[str] = [f"{name} ({count})" for name, count in note.unmet.items()]
    if lacking and note.signed_at is None:
        say(f"It cannot be signed yet: {', '.join(lacking)}; see `lokus round check`.")
