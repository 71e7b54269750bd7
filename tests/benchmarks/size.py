"""How large a workload is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """W1's numbers; ``filler`` records belong to other villages (W4).

    ``listed`` families come in by a list.
    """

    villages: int
    devices: int
    families: int
    edits: int
    filler: int
    listed: int
    exported: int

    def desas(self) -> list[str]:
        return [f"180221{2001 + number}" for number in range(self.villages)]
