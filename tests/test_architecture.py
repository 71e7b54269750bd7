"""What the architecture promises about places and sizes, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "api",
    "sync",
    "models",
    "migrations",
    "clients/python/lokus_client",
    "clients/odk",
    "tests",
)
LINES_PER_FILE_MAX = 400
LINES_PER_FUNCTION_MAX = 60
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def _sources(*packages: str) -> Iterator[Path]:
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", list(_sources()), ids=_name)
def test_a_file_has_one_subject_and_a_function_fits_on_a_screen(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= LINES_PER_FILE_MAX
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LINES_PER_FUNCTION_MAX, f"{node.name} has {lines} lines"


def test_no_module_is_called_after_nothing_in_particular() -> None:
    named = {_name(path): path.stem for path in _sources()}
    assert not {path for path, stem in named.items() if stem in NO_NAMES}


def test_sql_is_spoken_in_models_and_migrations_only() -> None:
    # The simulation copies whole databases aside, as an operator would.
    outside = {
        _name(path)
        for path in _sources("api", "sync", "clients/python/lokus_client")
        if "api/simulation" not in _name(path) and any(map(_is_sql, _imports(path)))
    }
    assert outside == set()


def _is_sql(module: str) -> bool:
    # What a database says when it refuses is answered for at the doors.
    return module.split(".", maxsplit=1)[0] in {"sqlalchemy", "alembic", "psycopg"} and (
        module != "sqlalchemy.exc"
    )


def test_services_never_commit() -> None:
    for path in _sources("api", "models/queries"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"commit", "rollback"}, _name(path)


def test_the_core_asks_nobody_for_the_time_or_for_chance() -> None:
    forbidden = {"time", "random", "secrets", "os", "pathlib", "socket", "logging", "threading"}
    for path in _sources("sync"):
        assert forbidden.isdisjoint(name.split(".")[0] for name in _imports(path)), _name(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "utcnow", "today", "uuid4"}, _name(path)


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    homes = ("/" + "home/", "/" + "Users/", "/" + "root/", "/" + "work/")
    for path in _sources():
        # An entity list's rows are at /root/item, whosever machine it is.
        text = path.read_text().replace("/root" + "/item", "")
        assert not any(home in text for home in homes), _name(path)
