"""Exports as they are told, at whatever door."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from api.formats.exports.loading import CompiledProfile
from api.schemas.exports import (
    ExportView,
    FileView,
    PartView,
    ProblemView,
    ProfileView,
    ReportView,
    TakenView,
    TallyView,
)
from api.services.exporting import Examined
from api.services.results import UNMATCHED_TOLD_MAX, Taking
from models.queries import exports
from models.queries.exports import StoredExport


def export_view(session: Session, parts: Sequence[StoredExport]) -> ExportView:
    """One export of one or several villages."""
    first = parts[0]
    return ExportView(
        id=first.id,
        profile=first.profile,
        profile_version=first.profile_version,
        title=first.title,
        period=first.period,
        state=first.state,
        draft=first.draft,
        for_excel=first.for_excel,
        receipt=first.receipt,
        created_at=first.created_at,
        created_by=first.created_by,
        changed_at=first.changed_at,
        changed_by=first.changed_by,
        note=first.note,
        rows=sum(one.rows for one in parts),
        left_out=sum(one.left_out for one in parts),
        villages=[PartView.model_validate(one) for one in parts],
        files=[FileView.model_validate({"n": n, **file}) for n, file in enumerate(first.files)],
        outcomes=exports.outcomes_of(session, [one.desa for one in parts], first.id),
    )


def report_view(examined: Examined) -> ReportView:
    """The report that comes before the files."""
    production = examined.production
    return ReportView(
        rows=production.rows,
        left_out=production.left_out,
        counts=dict(sorted(production.counts.items())),
        villages=[TallyView.model_validate(one.as_json()) for one in production.tallies],
        not_signed=list(examined.chosen.not_signed),
        problems=[ProblemView.model_validate(one.as_json()) for one in production.problems],
    )


def profile_views(known: Mapping[str, CompiledProfile]) -> list[ProfileView]:
    """The profiles of the installation."""
    return [
        ProfileView(
            name=one.profile.name,
            version=one.profile.version,
            title=one.profile.title,
            source=one.profile.source,
            answered=one.profile.answered,
        )
        for one in known.values()
    ]


def taken_view(taking: Taking) -> TakenView:
    """What an answer of the ministry changed."""
    taken, answers = taking.taken, taking.answers
    return TakenView(
        file=answers.sha256,
        rows=len(answers.lines),
        matched=len(taken.matched),
        changed=taken.changed,
        same=taken.same,
        outcomes=dict(sorted(taken.outcomes.items())),
        unclear=dict(sorted(taken.unclear.items())),
        tasks_opened=taken.tasks_opened,
        tasks_closed=taken.tasks_closed,
        unmatched=taken.unmatched(answers)[:UNMATCHED_TOLD_MAX],
    )
