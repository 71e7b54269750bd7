"""`lokus enrol`: a one-time code for somebody's phone, or a code that sets up ODK Collect."""

from io import StringIO
from pathlib import Path
from typing import Annotated

import segno
import typer

from api.cli.office import office, say, say_json
from api.errors import AppError
from api.openrosa.addresses import server_url
from api.openrosa.collect_settings import code_of, text_of_code, typed_url
from api.services.enrolling import IssuedCode, enrolling_of, enrolment_link
from api.services.odk_keys import issue_key
from models.queries import accounts

QR_SCALE = 8


def enrol(
    name: Annotated[str, typer.Argument(help="The account that will own the phone.")],
    odk: Annotated[
        bool, typer.Option("--odk", help="For a phone with ODK Collect or KoboCollect.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    png: Annotated[Path | None, typer.Option(help="Also write the QR code to a PNG file.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Also write the QR code to an SVG file.")] = None,
) -> None:
    """Make a code that enrols one phone: as text, as a link, and as a QR code to be scanned.

    With --odk the code holds the whole setup of ODK Collect or KoboCollect; it works until the
    device is revoked, so show it to nobody else.
    """
    if odk:
        _enrol_collect(name, png, svg, as_json=as_json)
        return
    with office() as opened:
        with opened.database.writing() as session:
            account = accounts.account_by_name(session, name.strip().lower())
            if account is None:
                raise AppError("not-found", "No account has that name; see `lokus account list`.")
            enrolling = enrolling_of(opened.settings, opened.randomness)
            issued = enrolling.issue_code(session, account.id, opened.act())
        link = enrolment_link(opened.settings.public_url, issued.code)
    code = segno.make_qr(link)
    for path in (png, svg):
        if path is not None:
            code.save(str(path), scale=QR_SCALE)
    if as_json:
        say_json(_shown(issued, link))
    else:
        _tell(issued, link, code)


def _shown(issued: IssuedCode, link: str) -> dict[str, object]:
    return {
        "account": issued.account.name,
        "code": issued.code,
        "link": link,
        "expires_at": issued.expires_at.isoformat(),
    }


def _tell(issued: IssuedCode, link: str, qr: segno.QRCode) -> None:
    drawing = StringIO()
    qr.terminal(out=drawing, compact=True)
    say(drawing.getvalue().rstrip())
    say(f"Code   {issued.code[:5]}-{issued.code[5:]}   for {issued.account.name}")
    say(f"Link   {link}")
    say(f"Valid  once, until {issued.expires_at:%Y-%m-%d %H:%M} UTC; a few wrong tries end it")


def _enrol_collect(name: str, png: Path | None, svg: Path | None, *, as_json: bool) -> None:
    with office() as opened:
        with opened.database.writing() as session:
            account = accounts.account_by_name(session, name.strip().lower())
            if account is None:
                raise AppError("not-found", "No account has that name; see `lokus account list`.")
            secret = opened.settings.secret
            made = issue_key(session, account.id, opened.act(), secret, "ODK Collect")
        public_url = opened.settings.public_url
    code = code_of(made, public_url)
    for path in (png, svg):
        if path is not None:
            code.save(str(path), scale=QR_SCALE)
    told = {
        "account": made.account,
        "device": made.device_id,
        "server_url": server_url(public_url, made.token),
        "code": text_of_code(made, public_url),
        "typed_url": typed_url(public_url),
        "username": made.username,
        "password": made.password,
    }
    if as_json:
        say_json(told)
        return
    drawing = StringIO()
    code.terminal(out=drawing, compact=True)
    say(drawing.getvalue().rstrip())
    say(f"Scan it in ODK Collect or KoboCollect; it is for {made.account} alone.")
    say(f"Or type   {told['typed_url']}   {made.username}   {made.password}")
    say(f"Ends with `lokus device revoke {made.device_id}`")
