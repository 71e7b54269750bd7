"""Evenings in a village, invented at random.

Most of what is sent is ordinary, so that it goes together; among it comes whatever has to come
alone, or tells nobody anything new.
"""

from hypothesis import strategies as st

from tests.openrosa.evenings import (
    BORN,
    FAMILIES,
    LISTED,
    MEMBERS,
    NIKS,
    PHONES,
    Again,
    Crowd,
    Edit,
    Measured,
    NewFamily,
    Other,
    Person,
    Reassigned,
    Revoked,
    Told,
    Unreadable,
    Visit,
)

phones = st.integers(0, PHONES - 1)
somebody = st.none() | phones
earlier = st.integers(0, 30)
answers = st.sampled_from(
    [("luas", "31"), ("luas", "32"), ("telepon", "0811"), ("nama_kepala_keluarga", "SUPARDI"),
     ("nama_kepala_keluarga", "SUPARJO"), ("lantai", "marmer_kuno"), ("program", "pkh"),
     ("catatan", "ramai"), ("hasil", "tidak_ditemukan")]
)  # fmt: skip
names = st.sampled_from(["ANI", "BUDI"])
members = st.integers(0, len(MEMBERS) - 1)
ends = st.sampled_from(["", "", "meninggal", "pindah"])
visited = st.integers(0, len(FAMILIES) - 1)
steps = st.integers(0, 2)
niks = st.none() | st.integers(0, len(NIKS) - 1)
strangers = st.builds(Person, nik=niks, name=names)
neighbours = st.builds(Person, member=members, nik=niks, name=names, end=ends)


def several(people: st.SearchStrategy[Person]) -> st.SearchStrategy[tuple[Person, ...]]:
    return st.lists(people, max_size=2).map(tuple)


new_families = st.builds(NewFamily, phones, st.integers(0, len(BORN) - 1), several(strangers))
listed = st.integers(0, len(LISTED) - 1)
visits = st.one_of(
    st.builds(Visit, phones, listed, st.just(0), answers, several(strangers | neighbours)),
    st.builds(Visit, phones, visited, steps, answers),
)
measurements = st.builds(Measured, phones, members, st.sampled_from(["9.4", "8.4"]))
special = st.one_of(
    st.builds(
        Visit,
        phones,
        visited,
        steps,
        answers,
        several(strangers),
        st.sampled_from(["photograph", "unpublished"]),
    ),
    st.builds(Again, somebody, earlier, st.booleans()),
    st.builds(Other, somebody, earlier),
    st.builds(Edit, earlier, answers),
    st.builds(Unreadable, phones),
)
events = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(Revoked, phones),
    st.builds(Reassigned, st.integers(0, 2)),
)


def _phone(told: NewFamily | Visit | Measured) -> int:
    return told.phone


@st.composite
def crowds(draw: st.DrawFn, size_max: int) -> Crowd:
    """Ordinary forms of as many phones, and what comes among them; one phone may come twice."""
    ordinary = new_families | visits | measurements
    apart = st.lists(ordinary, min_size=1, max_size=size_max, unique_by=_phone)
    told: list[Told] = [*draw(apart)]
    told += draw(st.lists(special, max_size=2))
    told += draw(st.lists(ordinary, max_size=1))
    return Crowd(tuple(draw(st.permutations(told))), draw(events))


def evenings(size_max: int) -> st.SearchStrategy[list[Crowd]]:
    """A handful of crowds with at most so many ordinary forms."""
    return st.lists(crowds(size_max), min_size=1, max_size=3)
