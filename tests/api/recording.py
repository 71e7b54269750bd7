"""Every statement that reaches a database of this process, in order, with its parameters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, event

_TABLE = re.compile(r'\b(?:FROM|JOIN|INTO|(?<!FOR )(?<!DO )UPDATE)\s+"?(\w+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Executed:
    """One statement; `values` has an entry for each time that it was run with."""

    text: str
    values: Sequence[Mapping[str, object]]

    @property
    def verb(self) -> str:
        return self.text.split(maxsplit=1)[0].lower()

    @property
    def tables(self) -> list[str]:
        """Names behind FROM, JOIN, INTO and UPDATE, the first one first."""
        return list(dict.fromkeys(name.lower() for name in _TABLE.findall(self.text)))

    @property
    def summary(self) -> str:
        """`insert record`: what is done to which table."""
        return f"{self.verb} {self.tables[0]}"


@contextmanager
def recorded() -> Iterator[list[Executed]]:
    """Collects while the block runs. Where transactions begin and end is left out."""
    seen: list[Executed] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: object, *_: object
    ) -> None:
        text = " ".join(statement.split())
        if not text.upper().startswith("BEGIN"):
            # SQLite's parameters are nameless; what is read from them is read on PostgreSQL.
            several = values if isinstance(values, list) else [values]
            seen.append(Executed(text, [one if isinstance(one, dict) else {} for one in several]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
