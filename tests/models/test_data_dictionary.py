"""The data dictionary names everything that is stored, and nothing else."""

import re
from pathlib import Path

from sync.policy import FIELDS
from tests.tables import every_table

TABLES = every_table()
DICTIONARY = (Path(__file__).parents[2] / "models" / "README.md").read_text()


def _rows(section: str) -> dict[str, list[str]]:
    """First cell → the names in backticks of the last cell."""
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): re.findall(r"`([a-z0-9_]+)`", cells[-1]) for cells in rows}


def test_every_table_and_column_is_in_the_dictionary() -> None:
    described = _rows(DICTIONARY.partition("## Fields of a record")[0])
    assert set(described) == set(TABLES)
    for name, table in TABLES.items():
        missing = {column.name for column in table.columns} - set(described[name])
        assert not missing, f"{name}: {missing}"


def test_every_field_of_a_record_is_in_the_dictionary() -> None:
    for entity, fields in FIELDS.items():
        section = DICTIONARY.partition(f"### {entity}\n")[2].partition("###")[0]
        listed = [line for line in section.splitlines() if line.startswith("| `")]
        assert len(listed) == len(fields)
        for line, (name, field) in zip(listed, fields.items(), strict=True):
            group = "" if field.group == name else field.group
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            told = [f"`{name}`", group, field.field_class, field.value_type]
            assert cells == [*told, field.codelist or "", field.sensitive]
