"""`lokus ranking`: villages in the order in which a programme should look at them."""

from typing import Annotated

import typer

from api.cli.designate import today_of
from api.cli.office import office, say, say_json, say_table
from api.cli.record import reader_of
from api.schemas.growth import RankingView
from api.services.accounts import parse_area
from api.services.designating import YEAR_MAX, YEAR_MIN
from api.services.ranking import RANKED_PER_ANSWER_MAX, Question, Ranking, village_ranking
from sync.growth import NOTE_EN
from sync.lokus import DECILE_DEFAULT, DecileField

COLUMNS = (
    "place", "village", "name", "designated for", "people in decile 1", "families in decile 1",
    "families", "without decile", "left out", "children", "judged", "at risk",
)  # fmt: skip


def ranking(
    area: Annotated[
        str | None, typer.Option(help="Only inside this area (2, 4, 6 or 10 digits).")
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(min=YEAR_MIN, max=YEAR_MAX, help="Whose designations; the present year."),
    ] = None,
    field: Annotated[DecileField, typer.Option(help="Whose deciles.")] = DECILE_DEFAULT,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many villages.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Rank villages: most people in decile 1, stunting locations first. Tells rule and counts."""
    code = None if area is None else parse_area(area, None).kode_wilayah
    with office() as opened:
        today = today_of(opened)
        reader = reader_of(opened)
        question = Question(year or today.year, code, field)
        with opened.database.reading() as session:
            found = village_ranking(session, reader.sight, reader.role, question, today=today)
    shown = min(limit or RANKED_PER_ANSWER_MAX, RANKED_PER_ANSWER_MAX)
    if as_json:
        say_json(RankingView.of(found, shown).model_dump(mode="json"))
    else:
        _tell(found, shown)


def _tell(found: Ranking, shown: int) -> None:
    rule = found.rule
    say(f"Rule {rule.id}/{rule.version}, {found.question.field.value}, {found.question.year}:")
    say(f"{rule.text_en}\n")
    if not found.villages:
        say("No village of this area has families on record or is designated.")
        return
    rows = []
    for one in found.villages[:shown]:
        counts = one.counts
        numbers = (
            counts.people_poor, counts.families_poor, counts.families, counts.families_unranked,
            counts.families_left_out, counts.children, counts.children_judged,
            counts.children_at_risk,
        )  # fmt: skip
        told = (str(one.place), one.desa, one.nama or "", ", ".join(one.programmes))
        cells = (*told, *("withheld" if number is None else str(number) for number in numbers))
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    say_table(COLUMNS, rows)
    total = found.totals
    say(
        f"\n{len(found.villages)} villages: {total.people_poor} people of {total.families_poor} "
        f"families in decile 1, {total.families} families on the lists, "
        f"{total.families_unranked} of them without a decile."
    )
    say(f"At risk is at risk of stunting. {NOTE_EN}")
