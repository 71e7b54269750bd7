"""How large a table may be; 370,000 people in a CSV pair or in a workbook pass."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """Of one file. A workbook of 370,000 rows has about 45 MB packed and 700 MB unpacked."""

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


LIMITS: Final = SheetLimits()
