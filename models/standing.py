"""Statements that every form and every phone asks again, said to the driver itself.

SQLAlchemy writes such a statement, once for each database, and knows how its values travel. Then it
steps aside: what it does around one execution (a context, a result that can be asked for its
columns) costs twice what a small statement costs. The transaction is its own all the same, whoever
listens to its statements hears these as well, and an error is the one that it would have raised.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import psycopg
from sqlalchemy import Compiled, Connection, Dialect, Insert, TextClause, Update
from sqlalchemy.sql import CompoundSelect, Select
from sqlmodel import Session

_Convert = Callable[[Any], Any]
_NAMED = re.compile(r"%\((\w+)\)s")
_IN_CHUNKS = psycopg.capabilities.has_stream_chunked()
"""Older client libraries bring a stream row by row."""
CURSORS_KEPT_MAX: Final = 64
"""On one connection."""
ROWS_KEPT_MAX: Final = 16
"""What a kept cursor has found stays in memory with it until it is asked again."""


class Row(tuple[Any, ...]):
    """What a row looks like: its columns by name. Each statement has a named tuple of its own."""

    __slots__ = ()
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # noqa: ANN401 (a column of any type)
        def _asdict(self) -> dict[str, Any]: ...


class Standing:
    """One statement, for any number of executions. Its values are named parameters.

    ``writes`` names the columns of an INSERT without values. A list behind IN is part of the text,
    and cannot stand beside parameters: single ones can (`models.queries.rowsets.SLOTS`). What
    ``is_frequent`` keeps a cursor on each connection, with what it last said and found.
    """

    def __init__(
        self,
        statement: Select[Any] | CompoundSelect[Any] | Insert | Update | TextClause,
        *,
        writes: Sequence[str] | None = None,
        is_frequent: bool | None = None,
    ) -> None:
        self._statement = statement
        self._is_frequent = isinstance(statement, Select) if is_frequent is None else is_frequent
        self._writes = list(writes) if writes is not None else None
        self._spoken: dict[str, _Spoken] = {}

    def rows(self, session: Session, values: Mapping[str, object]) -> list[Row]:
        """Every row that it finds; those of a text have no names."""
        connection = session.connection()
        return self._for(connection.dialect).run(connection, values, brings_rows=True)

    def row(self, session: Session, values: Mapping[str, object]) -> Row | None:
        """The row that it finds, of which there is one at most."""
        found = self.rows(session, values)
        assert len(found) < 2, "one row at most"
        return found[0] if found else None

    def run(self, session: Session, values: Mapping[str, object]) -> None:
        """For a statement that brings no rows."""
        connection = session.connection()
        self._for(connection.dialect).run(connection, values, brings_rows=False)

    def stream(
        self, session: Session, values: Mapping[str, object], size: int
    ) -> Iterator[Sequence[Any]]:
        """Rows as they come, without names, to be read to their end.

        The database looks for the next ``size`` of them while whoever reads works on the last.
        """
        connection = session.connection()
        yield from self._for(connection.dialect).stream(connection, values, size)

    def _for(self, dialect: Dialect) -> "_Spoken":
        spoken = self._spoken.get(dialect.name)
        if spoken is None:
            compiled = self._statement.compile(
                dialect=dialect,
                column_keys=self._writes,
                compile_kwargs={"render_postcompile": True},
            )
            spoken = _Spoken(self._statement, compiled, dialect, is_frequent=self._is_frequent)
            self._spoken[dialect.name] = spoken
        return spoken


class _Spoken:
    """The statement in one database's words.

    PostgreSQL knows its values by their places. The driver would look for their names in the text
    before each execution, unless the text is short; here that is done once.
    """

    def __init__(
        self, statement: object, compiled: Compiled, dialect: Dialect, *, is_frequent: bool
    ) -> None:
        self._heard = self._text = str(compiled)
        self._constants: dict[str, Any] = dict(compiled.params)
        self._order: list[str] = list(getattr(compiled, "positiontup", None) or ())
        self._is_sqlite = dialect.name == "sqlite"
        self._keeps_cursors = is_frequent and not self._is_sqlite
        if not self._is_sqlite:
            self._order = list(dict.fromkeys(_NAMED.findall(self._heard)))
            places = {name: f"${n}" for n, name in enumerate(self._order, 1)}
            self._text = _NAMED.sub(lambda found: places[found[1]], self._heard).replace("%%", "%")
        self._into = [
            (name, convert)
            for name, bind in getattr(compiled, "binds", {}).items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]
        self._make: Callable[[Sequence[Any]], Row] = Row
        self._from: list[tuple[int, _Convert]] = []
        if isinstance(statement, (Select, CompoundSelect)):
            columns = statement.selected_columns
            row_type: Any = namedtuple("Row", columns.keys())  # type: ignore[misc]  # noqa: PYI024 (one for each statement)
            self._make = cast("Callable[[Sequence[Any]], Row]", row_type._make)
            converters = (
                column.type.dialect_impl(dialect).result_processor(dialect, None)
                for column in columns
            )
            self._from = [(n, convert) for n, convert in enumerate(converters) if convert]

    def _bound(self, values: Mapping[str, object]) -> tuple[Any, ...]:
        bound = {**self._constants, **values}
        for name, convert in self._into:
            bound[name] = convert(bound[name])
        return tuple([bound[name] for name in self._order])

    def _tell(self, connection: Connection, cursor: Any, said: tuple[Any, ...]) -> None:  # noqa: ANN401
        """Whoever listens hears what SQLAlchemy would have said."""
        hearers = connection.dispatch.before_cursor_execute
        if hearers:
            values = said if self._is_sqlite else dict(zip(self._order, said, strict=True))
            for hear in hearers:
                hear(connection, cursor, self._heard, values, None, False)

    def stream(
        self, connection: Connection, values: Mapping[str, object], size: int
    ) -> Iterator[Sequence[Any]]:
        said = self._bound(values)
        cursor = self._new_cursor(connection)
        try:
            self._tell(connection, cursor, said)
            if self._is_sqlite:
                rows = cursor.execute(self._text, said)
            else:
                rows = cursor.stream(self._text, said, size=size if _IN_CHUNKS else 1)
            for row in rows:
                yield self._converted(row) if self._from else row
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 (raised again by the only one who knows how)
            connection._handle_dbapi_exception(error, self._heard, None, cursor, None)  # noqa: SLF001
        cursor.close()

    def run(
        self, connection: Connection, values: Mapping[str, object], *, brings_rows: bool
    ) -> list[Row]:
        said = self._bound(values)
        cursor = self._cursor(connection)
        try:
            self._tell(connection, cursor, said)
            cursor.execute(self._text, said)
            fetched = cursor.fetchall() if brings_rows else []
        except BaseException as error:  # noqa: BLE001 (raised again by the only one who knows how)
            # What a broken connection means for its transaction and its pool is not ours to say.
            connection._handle_dbapi_exception(error, self._heard, None, cursor, None)  # noqa: SLF001
        self._put_away(connection, cursor, len(fetched))
        if self._from:
            return [self._make(self._converted(row)) for row in fetched]
        return [self._make(row) for row in fetched]

    def _cursor(self, connection: Connection) -> Any:  # noqa: ANN401 (of either driver)
        """Each connection keeps one for each question: they end together.

        Asked the same again, psycopg knows how its values and columns travel; on a new cursor it
        finds out anew, which takes half as long as the question itself.
        """
        kept = connection.info.pop(self, None) if self._keeps_cursors else None
        return kept if kept is not None else self._new_cursor(connection)

    def _new_cursor(self, connection: Connection) -> Any:  # noqa: ANN401 (of either driver)
        if self._is_sqlite:
            return connection.connection.cursor()
        return psycopg.RawCursor(
            cast("psycopg.Connection", connection.connection.driver_connection)
        )

    def _put_away(self, connection: Connection, cursor: Any, found: int) -> None:  # noqa: ANN401
        kept = connection.info
        if self._keeps_cursors and found <= ROWS_KEPT_MAX and len(kept) < CURSORS_KEPT_MAX:
            kept[self] = cursor
        else:
            cursor.close()

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        listed = list(row)
        for place, convert in self._from:
            listed[place] = convert(listed[place])
        return listed
