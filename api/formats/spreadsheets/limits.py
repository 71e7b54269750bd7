"""How large a table may be: lists of 370,000 people pass, as CSV in flat memory."""

from dataclasses import dataclass
from typing import Final, Self

from api.settings import Settings

MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """Of one file.

    A workbook of 370,000 rows and 21 columns passes: 24 MiB packed, 493 MiB unpacked, and 808 MiB
    in the child while it is read. Lists that are larger still come as CSV.
    """

    workbook_bytes_max: int = 50 * MIB
    unpacked_bytes_max: int = 1024 * MIB
    ratio_max: int = 100
    """Unpacked over packed, for the archive and for each larger part of it."""
    entries_max: int = 500
    child_memory_bytes_max: int = 2048 * MIB
    """Address space, which is a multiple of what a process really holds."""
    child_cpu_seconds_max: int = 120
    csv_bytes_max: int = 2048 * MIB
    rows_max: int = 2_000_000
    columns_max: int = 400
    cell_characters_max: int = 32_767
    """What a cell of a spreadsheet holds."""
    line_characters_max: int = 2 * MIB

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What this installation allows."""
        return cls(
            workbook_bytes_max=settings.workbook_bytes_max,
            child_memory_bytes_max=settings.workbook_memory_bytes_max,
        )


LIMITS: Final = SheetLimits()
