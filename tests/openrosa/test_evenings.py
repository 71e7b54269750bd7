"""An evening in which everybody sends at once ends as if they had sent one after the other."""

from hypothesis import HealthCheck, given, settings

from tests.api.village import assert_sound
from tests.openrosa.evenings import Crowd, Letter
from tests.openrosa.field import Field
from tests.openrosa.gatherings import gather
from tests.openrosa.inventing import evenings

CROWD_MAX = 6
EXAMPLES = 40


def test_crowds_end_as_their_forms_would_have_ended_one_by_one(plain_field: Field) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(evening=evenings(CROWD_MAX))
    def together_as_alone(evening: list[Crowd]) -> None:
        together, alone = gather(plain_field), gather(plain_field)
        written: list[Letter] = []
        for crowd in evening:
            letters: list[Letter] = []
            for told in crowd.forms:
                letters.append(told.written(plain_field, [*written, *letters]))
            written += letters
            together.happens(crowd)
            alone.happens(crowd)
            served = together.at_once(letters)
            one_by_one = [alone.alone(one.letter, one.now) for one in served]
            assert [one.said for one in served] == [one.said for one in one_by_one]
        assert together.left() == alone.left()
        assert together.damage() == alone.damage() == []

    together_as_alone()
    assert_sound(plain_field.world)
