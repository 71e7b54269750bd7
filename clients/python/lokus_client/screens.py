"""What the command line shows: records, status and sessions on a terminal.

NIK and No KK are cut to their last four digits in lists; the whole of them stands only where a
person asked for one record.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lokus_client.agreement import AGREES, DIFFERS
from lokus_client.fieldtable import FieldTable
from lokus_client.overlay import RecordView
from lokus_client.rt_done import ACCEPTED, REFUSED, WAITING, RtStatement
from lokus_client.status import Review, Status, SyncReport
from lokus_client.texts import problem, refusal, say, why
from lokus_client.troubles import Trouble
from lokus_client.values import Json, mapping, text

SHORT_ID: Final = 8
"""The end of a UUIDv7 is random; its beginning is the time, equal for a whole import."""
ROWS_MAX: Final = 500
_NUMBER_FIELDS: Final = ("nik", "no_kk")
_COLOURS: Final = {AGREES: "green", DIFFERS: "bold red"}


def short(record: str) -> str:
    """Enough of an id to name a record by."""
    return record[-SHORT_ID:]


def name_of(view: RecordView) -> str:
    """What people call the record."""
    for field in ("nama_kepala_keluarga", "nama", "tanggal", "waktu"):
        value = view.fields.get(field)
        if isinstance(value, str):
            return value
    return "–"


def value_text(value: Json) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, list):
        return ", ".join(value_text(item) for item in value)
    return "" if value is None else str(value)


def masked(value: Json) -> str:
    """The last four digits of a NIK or No KK."""
    shown = value_text(value)
    return f"…{shown[-4:]}" if len(shown) > 4 else shown


def record_list(language: str, views: Sequence[RecordView]) -> RenderableType:
    """Families with what is beneath them, then whatever stands alone."""
    if not views:
        return Text(say(language, "nothing-found"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "", "nama", "RT", "NIK / No KK", ""):
        table.add_column(title)
    for view, depth in _in_order(views)[:ROWS_MAX]:
        number = next((masked(view.fields[f]) for f in _NUMBER_FIELDS if f in view.fields), "")
        marks = ("●" if view.pending else "") + ("!" if view.review else "")
        ended = f" ({view.ended})" if view.ended else ""
        table.add_row(
            *map(Text, (
                short(view.id), view.entity, "  " * depth + name_of(view) + ended, view.rt or "",
                number, marks,
            ))
        )  # fmt: skip
    legend = Text(f"{say(language, 'pending-mark')}   {say(language, 'review-mark')}", style="dim")
    return Group(table, legend)


def _in_order(views: Sequence[RecordView]) -> list[tuple[RecordView, int]]:
    shown = {view.id for view in views}
    beneath: dict[str | None, list[RecordView]] = {}
    for view in sorted(views, key=lambda view: (view.rt or "", name_of(view), view.id)):
        beneath.setdefault(view.parent if view.parent in shown else None, []).append(view)
    ordered: list[tuple[RecordView, int]] = []

    def add(parent: str | None, depth: int) -> None:
        for view in beneath.get(parent, []):
            ordered.append((view, depth))
            add(view.id, depth + 1)

    add(None, 0)
    return ordered


def record_page(language: str, view: RecordView, below: Sequence[RecordView]) -> RenderableType:
    """One record with all its fields, and what belongs to it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    facts = {
        "id": view.id, "jenis": view.entity, "desa": view.desa, "RT": view.rt or "",
        "parent": view.parent or "", "end": view.ended or "",
        say(language, "under-review"): ", ".join(view.review),
    }  # fmt: skip
    for field, value in facts.items():
        if value:
            table.add_row(Text(field), Text(value))
    for field in sorted(view.fields):
        mark = " !" if field in view.review else ""
        table.add_row(Text(field), Text(value_text(view.fields[field]) + mark))
    parts: list[RenderableType] = [table]
    if view.pending:
        parts.append(Text(say(language, "pending-mark"), style="dim"))
    if below:
        parts += [Text(f"\n{say(language, 'members')}", style="bold"), record_list(language, below)]
    return Group(*parts)


def sync_result(
    language: str, report: SyncReport, statements: Sequence[RtStatement] = ()
) -> RenderableType:
    """How a session ended and what is still waiting."""
    if report.is_complete:
        lines = [Text(say(language, "sync-ok", acked=report.acked, rows=report.rows))]
    else:
        reason = why(language, report.code, report.detail)
        lines = [Text(say(language, "sync-failed", reason=reason), style="yellow")]
    if report.unsent:
        lines.append(Text(say(language, "still-held", unsent=report.unsent)))
    return Group(*lines, *rt_statements(language, statements))


def status_page(language: str, status: Status, fields: FieldTable) -> RenderableType:
    """Counts, what is under review or held back, and whether phone and server agree."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    facts: dict[str, object] = {
        "server": status.server or "–",
        "villages": ", ".join(status.villages) or "–",
        "records": status.records,
        "unsent": status.unsent,
        "acked": status.acked,
        "durable": status.durable,
        "last-sync": status.last_complete_sync or say(language, "never"),
        "receipt": status.last_receipt.code if status.last_receipt else "–",
    }
    for key, value in facts.items():
        table.add_row(say(language, key), Text(str(value)))
    parts: list[RenderableType] = [table]
    if status.is_revoked:
        parts.insert(0, Text(say(language, "revoked"), style="bold red"))
    parts += _reviews(language, status, fields)
    parts += _troubles(language, "quarantined", status.quarantined)
    parts += _troubles(language, "lost-values", status.lost_values)
    parts += rt_statements(language, status.rt_statements)
    parts += _agreements(language, status)
    return Group(*parts)


def rt_statements(language: str, statements: Sequence[RtStatement]) -> list[RenderableType]:
    """What is on its way, what nobody has read yet, and the latest that holds of each RT."""
    told: dict[tuple[str, str], list[RtStatement]] = {}
    for one in statements:
        before = told.setdefault((one.desa, one.rt), [])
        if one.state == WAITING or not one.is_seen or (not before and one.state == ACCEPTED):
            before.append(one)
    lines = [_rt_line(language, one) for shown in told.values() for one in shown]
    return [_heading(language, "rt-statements", None), *lines] if lines else []


def _rt_line(language: str, one: RtStatement) -> Text:
    back = "" if one.done else "-back"
    if one.state == REFUSED:
        told = refusal(language, one.code, text(one.answer, "title") or "")
        said = say(language, "rt-refused", reason=told)
    else:
        counts = {key: one.answer.get(key, "?") for key in ("families", "lacking")}
        said = say(language, f"rt-{one.state}{back}", **counts)
    line = say(language, "rt-line", desa=one.desa, rt=one.rt, period=one.period, told=said)
    return Text(f"  {line}", style="yellow" if one.state == REFUSED else "")


def _reviews(language: str, status: Status, fields: FieldTable) -> Iterable[RenderableType]:
    if status.under_review:
        yield _heading(language, "under-review", len(status.under_review))
    for review in status.under_review:
        yield Text(f"  {short(review.record)} {review.entity}: {', '.join(review.groups)}")
        for own in review.own:
            yield Text("    " + say(language, "own-value", value=_stated(own, review, fields)))


def _stated(own: Trouble, review: Review, fields: FieldTable) -> str:
    """What this phone said about the groups under review, and nothing else of that edit."""
    if own.operation.get("kind") != "set":
        return str(own.operation.get("end") or own.operation.get("kind"))
    stated = mapping(own.operation, "set")
    disputed = {name: fields.rule(review.entity, name) for name in stated}
    told = [
        value_text(stated[name])
        for name, rule in disputed.items()
        if (rule.group if rule else name) in review.groups
    ]
    return ", ".join(told or map(value_text, stated.values()))


def _troubles(language: str, heading: str, troubles: Sequence[Trouble]) -> Iterable[RenderableType]:
    if troubles:
        yield _heading(language, heading, len(troubles))
    for trouble in troubles:
        detail = f": {trouble.detail}" if trouble.detail else ""
        reason = problem(language, trouble.reason)
        yield Text(f"  {short(trouble.record)} {trouble.entity} – {reason}{detail}")


def _agreements(language: str, status: Status) -> Iterable[RenderableType]:
    if status.agreements:
        yield _heading(language, "agreement", None)
    for agreement in status.agreements:
        line = Text(f"  {agreement.desa} RT {agreement.rt}  ")
        line.append(say(language, agreement.verdict), style=_COLOURS.get(agreement.verdict, ""))
        if agreement.checked:
            line.append(f"  ({agreement.checked})", style="dim")
        yield line


def _heading(language: str, key: str, count: int | None) -> Text:
    told = "" if count is None else f" ({count})"
    return Text(f"\n{say(language, key)}{told}", style="bold")


def show(console: Console, shown: RenderableType) -> None:
    """Print without reading anything in it as markup or as a link."""
    console.print(shown, markup=False, highlight=False, soft_wrap=False)
