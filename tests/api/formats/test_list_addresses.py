"""Where a list has no column for the RT, its addresses often name it."""

from pathlib import Path

from api.formats.lists.reading import read_lists
from sync.listed import ListedFamily
from tests.lists.dtsen_pair import write_pair
from tests.lists.files import everything, options


def test_the_rt_is_read_where_the_address_says_it(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, families=310)
    with read_lists([pair.families, pair.members], options()) as reader:
        families = [one for one in everything(reader) if isinstance(one, ListedFamily)]
    placed = [one for one in families if "rt" in one.fields]
    unplaced = len(families) - len(placed)
    assert 0 < unplaced <= pair.flaws["no_rt"]
    for one in placed:
        assert f"RT {one.fields['rt']} RW {one.fields['rw']}" in str(one.fields["alamat"])
