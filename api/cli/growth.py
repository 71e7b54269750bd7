"""`lokus growth`: children of a village with their latest measurement, and who is due."""

from typing import Annotated

import typer

from api.cli.office import office, say, say_json, say_table
from api.cli.record import plain, reader_of
from api.errors import AppError
from api.schemas.growth import GrowthList
from api.services.designating import parse_village
from api.services.growth_pages import (
    FollowedChild,
    VillageGrowth,
    Wanted,
    rule_of,
    village_growth,
)
from models.queries.auditing import append
from models.queries.growth import CHILDREN_PER_VILLAGE_MAX
from sync.growth import NOTE_EN, Judged
from sync.values import Rt

COLUMNS = (
    "RT", "name", "family of", "age", "measured", "kg", "cm", "weight/age", "height/age",
    "weight/height", "weight is", "due", "stunting",
)  # fmt: skip
RISK = {True: "at risk", False: "no", None: "not known"}


def growth(
    desa: Annotated[str, typer.Option(help="The village's code.")],
    rt: Annotated[str | None, typer.Option(help="Only this RT, as 003/001.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only who is due for measuring.")] = False,
    at_risk: Annotated[
        bool, typer.Option("--at-risk", help="Only who is at risk of stunting.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Children up to 60 months old by RT: screening by Permenkes 2/2020, never a diagnosis.

    The reading is written to the audit chain.
    """
    wanted = Wanted(parse_village(desa), _rt(rt), due_only=due, at_risk_only=at_risk)
    everybody = slice(0, CHILDREN_PER_VILLAGE_MAX)
    with office() as opened:
        reader, rule = reader_of(opened), rule_of(opened.settings)
        with opened.database.reading() as session:
            found, reading = village_growth(session, reader, wanted, rule, everybody)
        if found.children:
            with opened.database.writing() as session:
                append(session, found.desa, reading)
    if as_json:
        say_json(GrowthList.of(found).model_dump(mode="json"))
    else:
        _tell(found)


def _rt(text: str | None) -> str | None:
    if text is None:
        return None
    parsed = Rt.parse(text)
    if parsed is None:
        raise AppError("value-refused", "An RT is written RT/RW, like 003/001.")
    return parsed.text


def _tell(found: VillageGrowth) -> None:
    if found.children:
        say_table(COLUMNS, [_row(one) for one in found.children])
        say("")
    say(f"{found.total} children; {found.due} due for measuring, {found.at_risk} at risk.")
    say(NOTE_EN)


def _row(one: FollowedChild) -> dict[str, str]:
    latest = one.latest
    cells = [one.rt, plain(one.name), plain(one.head), one.age_text]
    if latest is None:
        cells += ["never", *[""] * 6]
    else:
        cells += [
            "unknown" if latest.of.on is None else latest.of.on.isoformat(),
            plain(latest.of.weight_kg),
            plain(latest.of.height_cm),
            *(_said(judged) for judged in latest.indices),
            one.trend.value if one.gain_kg is None else f"{one.trend.value} ({one.gain_kg:+} kg)",
        ]
    cells += ["now" if one.is_due else one.due_on.isoformat(), RISK[one.is_at_risk]]
    return dict(zip(COLUMNS, cells, strict=True))


def _said(judged: Judged) -> str:
    if judged.missing:
        return f"{judged.verdict.label_id}: {', '.join(judged.missing)}"
    z = "" if judged.z is None else f" ({judged.z:+.2f})"
    return f"{judged.verdict.label_id}{z}"
