"""An evening in which everybody sends at once ends as if they had sent one after the other."""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings

from tests.api.village import assert_sound
from tests.openrosa.evenings import Crowd, Letter
from tests.openrosa.field import Field
from tests.openrosa.gatherings import Gathering, Served, gather
from tests.openrosa.inventing import evenings

CROWD_MAX = 6
EXAMPLES = 40


Serving = Callable[[Gathering, Sequence[Letter]], list[Served]]


def test_crowds_end_as_their_forms_would_have_ended_one_by_one(plain_field: Field) -> None:
    evenings_end_as_one_by_one(plain_field, Gathering.at_once)


def test_forms_that_are_decided_ahead_end_as_they_would_have_ended_one_by_one(
    plain_field_ahead: Field,
) -> None:
    evenings_end_as_one_by_one(plain_field_ahead, Gathering.ahead, with_lanes=True)


def evenings_end_as_one_by_one(field: Field, serve: Serving, *, with_lanes: bool = False) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(evening=evenings(CROWD_MAX))
    def together_as_alone(evening: list[Crowd]) -> None:
        together, alone = (gather(field, with_lanes=with_lanes) for _ in range(2))
        written: list[Letter] = []
        for crowd in evening:
            letters: list[Letter] = []
            for told in crowd.forms:
                letters.append(told.written(field, [*written, *letters]))
            written += letters
            together.happens(crowd)
            alone.happens(crowd)
            served = serve(together, letters)
            one_by_one = [alone.alone(one.letter, one.now) for one in served]
            assert [one.said for one in served] == [one.said for one in one_by_one]
        assert together.left() == alone.left()
        assert together.damage() == alone.damage() == []

    together_as_alone()
    assert_sound(field.world)
