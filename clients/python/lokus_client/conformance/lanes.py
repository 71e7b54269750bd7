"""Rules about lanes: forks, holes, new incarnations, limits."""

from lokus_client.conformance.probe import Probe, answered, expect, expect_problem
from lokus_client.values import Json, integer, objects, text


def another_hash_at_the_same_place_is_a_fork(probe: Probe) -> None:
    """409 with ``last``, nothing taken."""
    other = {**probe.sent[0], "mono": 1}
    problem = expect_problem(probe.post("/v1/push", probe.batch([other])), 409, "lane-forked")
    last = integer(problem, "last", -1)
    expect(last == probe.last_seq, f"last is {last}, not {probe.last_seq}")


def a_gap_is_a_hole(probe: Probe) -> None:
    """409 with ``last``, nothing taken."""
    operation = {**probe.change_of_family(luas_lantai=50), "seq": probe.last_seq + 5}
    probe.last_seq -= 1
    problem = expect_problem(probe.post("/v1/push", probe.batch([operation])), 409, "lane-hole")
    last = integer(problem, "last", -1)
    expect(last == probe.last_seq, f"last is {last}, not {probe.last_seq}")


def a_new_lane_knows_what_the_old_one_sent(probe: Probe) -> None:
    """An operation offered again under a new incarnation is a duplicate, found by its hash."""
    parent: Json = {"lane": probe.lane, "seq": probe.last_seq}
    response = probe.post("/v1/lanes", probe.envelope(parent=parent))
    expect(response.status_code in (200, 201), f"status {response.status_code}")
    lane = text(answered(response, response.status_code), "lane") or ""
    expect(lane and lane != probe.lane, "no new lane was given")
    probe.lane, probe.last_seq = lane, 1
    answer = probe.push({**probe.sent[0], "seq": 1})
    (entry, *_) = [*objects(answer, "results"), {}]
    expect(text(entry, "outcome") == "duplicate", f"the outcome is {text(entry, 'outcome')}")
    probe.push(probe.change_of_family(luas_lantai=51))
    expect(not probe.results.get(2), "the new lane does not know what the old one wrote")
    probe.pull_all()


def more_than_500_operations_are_too_many(probe: Probe) -> None:
    """413 with the limits, nothing taken."""
    before = probe.last_seq
    many: list[Json] = [probe.change_of_family(luas_lantai=size) for size in range(501)]
    problem = expect_problem(probe.post("/v1/push", probe.batch(many)), 413, "payload-too-large")
    expect("limits" in problem, "the limits are lacking")
    probe.last_seq = before
