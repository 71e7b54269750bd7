"""The table: what was asked of an engine, and what it did."""

from dataclasses import dataclass, field
from typing import Final

from tests.benchmarks.traffic import Phase

TARGETS: Final = {
    "edits, /v1/push": "CPU ≤ 1.0 s (aim 0.6), ≥ 1,000/s, ≤ 50 B up, ≤ 10 B down",
    "edits, 10 % clash": "CPU ≤ 1.0 s",
    "first sync": "≥ 5,000 families/s",
    "delta pull": "≤ 40 B down per change",
    "first import": "100,000 families in ≤ 5 min on 2 cores: ≥ 1,570/s; ≤ 600 MiB",
    "whole sync, /v1/sync": "p99 < 500 ms, 1 request",
}
HEADINGS: Final = (
    "workload", "engine", "phase", "CPU-s per 1000 (server + database)", "per second",
    "p50 ms", "p99 ms", "B up each", "B down each", "requests", "target",
)  # fmt: skip


@dataclass(slots=True)
class Measured:
    """One workload on one engine."""

    workload: str
    engine: str
    phases: list[Phase]
    memory_mib: float
    notes: list[str] = field(default_factory=list)

    def rows(self) -> list[list[str]]:
        return [
            [
                self.workload,
                self.engine,
                phase.name,
                _cpu(phase),
                f"{phase.per_second:,.0f}",
                f"{phase.percentile(0.5) * 1000:.0f}",
                f"{phase.percentile(0.99) * 1000:.0f}",
                f"{phase.bytes_up / max(1, phase.things):.1f}",
                f"{phase.bytes_down / max(1, phase.things):.1f}",
                str(phase.requests),
                TARGETS.get(phase.name, ""),
            ]
            for phase in self.phases
        ]

    def as_json(self) -> dict[str, object]:
        return {
            "workload": self.workload,
            "engine": self.engine,
            "memory_mib": round(self.memory_mib, 1),
            "notes": self.notes,
            "phases": [dict(zip(HEADINGS[2:], row[2:], strict=True)) for row in self.rows()],
        }


def _cpu(phase: Phase) -> str:
    """CPU seconds per thousand things, and how they divide."""
    server, database = (_share(cpu, phase.things) for cpu in (phase.server_cpu, phase.database_cpu))
    return f"{phase.cpu_per_thousand:.2f} ({server} + {database})"


def _share(cpu: float, things: int) -> str:
    return f"{cpu / max(1, things) * 1000:.2f}"


def markdown(measured: list[Measured]) -> str:
    """A table for the README, with peak memory and remarks below."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    lines += ["| " + " | ".join(row) + " |" for one in measured for row in one.rows()]
    lines += [""]
    for one in measured:
        remarks = "; ".join([f"server's peak memory {one.memory_mib:.0f} MiB", *one.notes])
        lines.append(f"- {one.workload} on {one.engine}: {remarks}")
    return "\n".join(lines)
