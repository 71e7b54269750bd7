"""Keying in: the list of an RT, and family after family the form that has the worksheet's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.security import Principal
from api.services.claiming import note_claims
from api.services.entry_form import FAMILY_SECTIONS, FORM, Section
from api.services.family_form import (
    DAY,
    FAMILY,
    NEW_MEMBERS,
    REMARK,
    REST_PRESENT,
    Circumstance,
    Filled,
    Household,
    ShownRecord,
    filled,
)
from api.services.keying_in import KeyedIn, KeyedPaper, key_in, rt_heads
from api.services.reviewers import Reviewer, reviewer_of
from api.services.worksheets import Asked, SheetFamily, Worksheet, rt_of_text, worksheet
from api.shell import AppShell, Shell
from api.web.language import Language, Speaking
from api.web.office_pages import Fields, OfficePage, page_token
from api.web.rendering import kept, page
from api.web.rounds.form_view import (
    Option,
    Painter,
    PartView,
    family_record,
    hidden_record,
    member_parts,
    new_parts,
    shown_records,
)
from models.queries.auditing import append
from models.queries.rt_lists import family_with_card
from models.tables.accounts import Account
from sync.operation import is_uuid
from sync.permission import Action
from sync.types import Outcome

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=OfficePage)

KEYING: Final = "/kantor/isi"
NEW_FAMILY: Final = "baru"
NEW_AT_FAMILY: Final = 2
"""Places for people who are missing from a family of the list."""
FORM_ID: Final = "token"
TWIN_CARD: Final = "f.kembaran_kk"
CONFLICTED: Final = frozenset({Outcome.CONFLICT.value})
MISTAKEN: Final = 422

Operator = Annotated[Principal, allowed(Action.KEY_IN)]


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator at the form of an RT."""

    shell: Shell
    reviewer: Reviewer
    sheet: Worksheet
    heads: Sequence[Account]

    def family(self, wanted: str) -> SheetFamily:
        """The family of that id. Raises `AppError` ``not-found``."""
        found = next((one for one in self.sheet.families if one.id == wanted), None)
        if found is None:
            raise AppError("not-found")
        return found

    def after(self, family_id: str) -> SheetFamily | None:
        """The next one on the walk that is to be visited."""
        listed = self.sheet.open_families
        places = [one.id for one in listed]
        place = places.index(family_id) + 1 if family_id in places else len(listed)
        return listed[place] if place < len(listed) else None


@router.get(KEYING + "/{desa}/{rt:path}", include_in_schema=False)
def keying_page(
    request: Request,
    shell: AppShell,
    principal: Operator,
    language: Speaking,
    keluarga: Annotated[str, Query(max_length=36)] = "",
) -> Response:
    """The RT's list; with `keluarga` the form of that family, with `baru` an empty one."""
    desk = _desk(request, shell, principal)
    if not keluarga:
        return _list_page(request, desk, language)
    family = _blank(desk) if keluarga == NEW_FAMILY else desk.family(keluarga)
    return _form_page(request, desk, language, Sent(family))


@router.post(KEYING + "/{desa}/{rt:path}", include_in_schema=False)
def key_in_by_form(
    request: Request, shell: AppShell, principal: Operator, language: Speaking, form: Fields
) -> Response:
    """Save one family and go on to the next; with a mistake, the form once more."""
    desk = _desk(request, shell, principal)
    shown = shown_records(form)
    family = _of_form(desk, form, shown)
    found = _read(desk, form, family, shown)
    sent = Sent(family, form, shown, dict(found.mistakes))
    if found.mistakes:
        return _form_page(request, desk, language, sent)
    if not found.operations:
        sent.mistakes[FAMILY] = "nothing-said"
        return _form_page(request, desk, language, sent)
    paper = KeyedPaper(
        desk.sheet.place.desa,
        desk.sheet.rt,
        form.get(FORM_ID, "")[:64],
        form.get("akun") or None,
        observed=found.day,
    )
    with shell.database.writing() as session:
        keyed = key_in(session, desk.reviewer, paper, found.operations)
    if keyed.refused:
        for one in keyed.refused:
            sent.mistakes[found.parts[one.place]] = "refused"
        return _form_page(request, desk, language, sent)
    if keyed.niks:
        with shell.database.writing() as session:
            note_claims(session, keyed.niks)
    return _onwards(request, desk, language, family, keyed)


@dataclass(frozen=True, slots=True)
class Sent:
    """A family at the form, and what was sent if it is shown again."""

    family: SheetFamily
    form: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, ShownRecord] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)


def _desk(request: Request, shell: Shell, principal: Principal) -> Desk:
    desa, rt = request.path_params["desa"], rt_of_text(request.path_params["rt"])
    reviewer = reviewer_of(principal, shell)
    with shell.database.reading() as session:
        sheet, reading = worksheet(session, shell.settings, reviewer, Asked(desa, rt))
        heads = rt_heads(session, reviewer, desa, rt)
    if request.method == "GET":
        with shell.database.writing() as session:
            append(session, desa, reading)
    return Desk(shell, reviewer, sheet, heads)


def _blank(desk: Desk) -> SheetFamily:
    number = len(desk.sheet.families) + 1
    return SheetFamily(number, desk.shell.new_id(), 0, {}, None, ())


def _of_form(desk: Desk, form: Mapping[str, str], shown: Mapping[str, ShownRecord]) -> SheetFamily:
    before = shown.get(FAMILY)
    if before is None:
        raise AppError("malformed-request", "The form does not say which family it is about.")
    known = {one.id for one in desk.sheet.families}
    if form.get("baru") and before.id not in known:
        return SheetFamily(0, before.id, 0, {}, None, ())
    return desk.family(before.id)


def _read(
    desk: Desk, form: Mapping[str, str], family: SheetFamily, shown: Mapping[str, ShownRecord]
) -> Filled:
    sheet = desk.sheet
    with desk.shell.database.reading() as session:
        twin = _twin(session, desk, form)
    now = desk.reviewer.now.astimezone(desk.shell.settings.zone)
    around = Circumstance(now.date(), _offset(now), sheet.rt, twin if twin != family.id else None)
    household = Household(
        family.id,
        family.fields,
        {member.id: member.fields for member in family.members},
        is_new=bool(form.get("baru")),
    )
    return filled(form, household, around, shown)


def _twin(session: Session, desk: Desk, form: Mapping[str, str]) -> str | None:
    """The family that this one is listed twice with: chosen, or found by its No KK."""
    card = "".join(letter for letter in form.get(TWIN_CARD, "") if letter.isdecimal())
    if card:
        sight, desa = desk.reviewer.sight, desk.sheet.place.desa
        return family_with_card(session, sight, desa, card)
    chosen = form.get("f.hasil_kembaran", "")
    return chosen if is_uuid(chosen) and any(chosen == f.id for f in desk.sheet.families) else None


def _offset(now: datetime) -> str:
    offset = now.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


# Pages ---------------------------------------------------------------------------------------


def _list_page(request: Request, desk: Desk, language: Language) -> Response:
    query = request.query_params
    values = {
        "signed_in": True,
        "sheet": desk.sheet,
        "heads": [account.display_name for account in desk.heads],
        "outcome": _outcomes(language),
        "here": request.url.path,
        "saved": query.get("tersimpan", ""),
    }
    return page(request, "keying_list.html", language, values)


def _outcomes(language: Language) -> Mapping[object, str]:
    question = FORM[Section.OUTCOME][0]
    return {
        code.slug: code.label_id if language is Language.ID else code.label_en
        for code in question.codes
    }


def _form_page(request: Request, desk: Desk, language: Language, sent: Sent) -> Response:
    painter = Painter(language, sent.form, sent.mistakes)
    family = sent.family
    is_new = family.seq == 0
    record = family_record(family, sent.shown)
    ids = [desk.shell.new_id() for _ in range(NEW_MEMBERS)]
    count = NEW_MEMBERS if is_new else NEW_AT_FAMILY
    sections = [one for one in FAMILY_SECTIONS if not (is_new and one is Section.OUTCOME)]
    token = sent.form.get(FORM_ID) or desk.shell.randomness(16).hex()
    visit = sent.form.get("visit") or desk.shell.new_id()
    values = {
        "signed_in": True,
        "form": page_token(request),
        "hidden": [
            (FORM_ID, token), ("visit", visit), ("baru", "1" if is_new else ""),
            *hidden_record(FAMILY, record),
        ],
        "sheet": desk.sheet,
        "family": family,
        "is_new": is_new,
        "sections": [
            PartView(one.value, "", (), painter.section(one, FAMILY, record.fields))
            for one in sections
        ],
        "members": list(member_parts(painter, family.members, sent.shown)),
        "added": list(new_parts(painter, ids, count)),
        "heads": [(one.id, one.display_name) for one in desk.heads],
        "twins": _twins(desk, family, sent.form.get("f.hasil_kembaran", "")),
        "typed": sent.form,
        "mistakes": sent.mistakes,
        "names": {"day": DAY, "remark": REMARK, "rest": REST_PRESENT, "card": TWIN_CARD},
        "here": request.url.path,
        "saved": request.query_params.get("tersimpan", ""),
    }  # fmt: skip
    status = MISTAKEN if sent.mistakes else 200
    return page(request, "keying_form.html", language, values, status=status)


def _twins(desk: Desk, family: SheetFamily, chosen: str) -> list[Option]:
    return [
        Option(one.id, f"{one.number} {one.name or '–'}", one.id == chosen)
        for one in desk.sheet.families
        if one.id != family.id
    ]


def _onwards(
    request: Request, desk: Desk, language: Language, family: SheetFamily, keyed: KeyedIn
) -> Response:
    """To the next family; the page there says what became of this one."""
    saved = "berbeda" if CONFLICTED & set(keyed.outcomes) else "ya"
    saved = "ulang" if keyed.is_repeated else saved
    following = desk.after(family.id)
    query = kept(request, language) or "?"
    glue = "&" if query != "?" else ""
    target = f"{request.url.path}{query}{glue}tersimpan={saved}"
    if following is not None:
        target += f"&keluarga={following.id}"
    return RedirectResponse(target, status_code=303)
