"""What to do when the server says that things are not as this phone thought.

Forks, holes, new epochs and new assignments all end the same way: operations keep their bytes and
their hash, only lane and seq are given anew, and everything still held is offered again. The server
knows by the hash what it already has, so offering too much is harmless and offering too little is
the only mistake that could be made here.
"""

from lokus_client import copies, outbox, rt_done, villages
from lokus_client import manifest as manifests
from lokus_client.errors import NoProgress, ServerProblem
from lokus_client.manifest import Manifest, as_text
from lokus_client.session import Session
from lokus_client.transport import problem_last
from lokus_client.values import JsonObject, text
from lokus_client.villages import AssignedLane, Village


def recover(session: Session, desa: str, problem: ServerProblem) -> bool:
    """Put right what a refusal tells; ``True`` if every village has to be visited again.

    Raises the problem itself where only time, a person or a newer client can help.
    """
    match problem.code:
        case "epoch-changed":
            renew(session)
            return True
        case "scope-changed":
            renew(session)
            return True
        case "lane-forked":
            _need_lane(session, desa)
        case "lane-hole":
            _close_gap(session, desa, problem_last(problem.extra))
        case "schema-unknown":
            if not _has_other_schema(session):
                raise problem
        case "not-found":
            _look_for_lane(session, desa, problem)
        case _:
            raise problem
    return False


def recover_unread(session: Session, desa: str, problem: ServerProblem) -> bool:
    """The same for a phone that may read nothing any more, not even the manifest.

    Tells whether it makes sense to try again; never raises the problem.
    """
    epoch = text(problem.extra, "epoch")
    match problem.code:
        case "epoch-changed" if epoch is not None:
            with session.store.writing("epoch"):
                for village in villages.every(session.store):
                    _forget(session, village.desa)
                    _forget_acknowledgements(session, village, None)
                    if outbox.has_other_lanes(session.store, village.desa, village.lane):
                        villages.need_lane(session.store, village.desa)
                session.store.remember(epoch=epoch)
        case "lane-forked" | "not-found":
            before = villages.get(session.store, desa)
            _need_lane(session, desa)
            return not before.needs_lane
        case "lane-hole":
            _close_gap(session, desa, problem_last(problem.extra))
        case _:
            return False
    return True


def renew(session: Session) -> None:
    """Fetch the manifest and live by it: its epoch, then its assignment of areas and lanes."""
    manifest, raw = manifests.fetch(session.caller)
    store = session.store
    with store.writing("manifest"):
        if manifest.epoch != store.fact_text("epoch"):
            _adopt_epoch(session, manifest)
        _adopt_scope(session, manifest)
        manifests.keep(store, raw)
        manifests.note_asked(session.caller)
    session.manifest = manifest


def _adopt_epoch(session: Session, manifest: Manifest) -> None:
    """The server was restored: its positions mean something else now, the hashes do not."""
    store = session.store
    rt_done.offer_again(store)
    listed = {lane.lane: lane for lane in manifest.lanes}
    for village in villages.every(store):
        _forget(session, village.desa)
        lane = listed.get(village.lane)
        _forget_acknowledgements(session, village, lane)
        if not _can_go_on(session, village, lane):
            villages.need_lane(store, village.desa)


def _forget(session: Session, desa: str) -> None:
    """Drop the copy, and offer again everything that is held of the village."""
    copies.drop_village(session.store, desa)
    villages.forget_copy(session.store, desa)
    outbox.offer_again(session.store, desa)


def _forget_acknowledgements(session: Session, village: Village, lane: AssignedLane | None) -> None:
    """What is still held counts as not acknowledged until the restored server does so again.

    A clone of this phone may come first and put its own operations where this one's had been.
    Counted as acknowledged, they would become this phone's past, which it has never seen.
    """
    held = outbox.held_range(session.store, village.desa, village.lane)
    end = village.acked if lane is None else min(village.acked, lane.last)
    certain = end if held is None else min(end, held[0] - 1)
    villages.set_position(session.store, village.desa, acked=certain)


def _can_go_on(session: Session, village: Village, lane: AssignedLane | None) -> bool:
    """Does what is held follow the lane of the restored server without a hole or a break?"""
    if lane is None:
        return False
    if outbox.has_other_lanes(session.store, village.desa, village.lane):
        return False
    held = outbox.held_range(session.store, village.desa, village.lane)
    if held is None:
        return lane.last == village.next_seq - 1
    return held[0] <= lane.last + 1


def _adopt_scope(session: Session, manifest: Manifest) -> None:
    """Forget what this phone may no longer see; what it newly may see is loaded by the visit.

    Pending operations stay, also those for lost areas: their reviewer decides, not this phone.
    """
    store = session.store
    for desa in villages.out_of_scope(store, [lane.desa for lane in manifest.lanes]):
        copies.drop_village(store, desa)
        villages.forget_copy(store, desa)
    for lane in manifest.lanes:
        village = villages.find(store, lane.desa)
        villages.assign(store, lane)
        if village is None or lane.rts is None:
            continue
        copies.drop_outside(store, lane.desa, lane.rts)
        held = lane.rts if village.held is None else [rt for rt in village.held if rt in lane.rts]
        villages.set_held(store, lane.desa, tuple(held))


def _need_lane(session: Session, desa: str) -> None:
    with session.store.writing("need-lane"):
        villages.need_lane(session.store, desa)


def _close_gap(session: Session, desa: str, last: int | None) -> None:
    """The server's lane ends before what was offered: go back to it, or open a new lane."""
    store, village = session.store, villages.get(session.store, desa)
    with store.writing("gap"):
        if last is None:
            villages.need_lane(store, desa)
            return
        outbox.offer_again(store, desa, lane=village.lane, above=last)
        villages.set_position(store, desa, acked=min(village.acked, last))
        held = outbox.held_range(store, desa, village.lane)
        if held is None or not held[0] <= last + 1 <= held[1]:
            villages.need_lane(store, desa)


def open_lane(session: Session, desa: str) -> None:
    """A new incarnation of this phone's lane, with the queue renumbered into it.

    ``parent`` tells the server up to where the old lane is this phone's own past.
    """
    village = villages.get(session.store, desa)
    parent: JsonObject = {"lane": village.lane, "seq": village.acked}
    try:
        answer = _post_lane(session, desa, {"parent": parent})
    except ServerProblem as problem:
        # A restored server may not know the old lane; the hashes still tell what it has.
        if problem.code != "not-found":
            raise
        answer = _post_lane(session, desa, {})
    lane = text(answer, "lane")
    if not lane:
        raise NoProgress("the server gave no lane")
    with session.store.writing("new-lane"):
        villages.replace_lane(session.store, desa, lane, outbox.renumber(session.store, desa, lane))


def _post_lane(session: Session, desa: str, extra: JsonObject) -> JsonObject:
    return session.caller.post("/v1/lanes", as_text({**session.head(desa), **extra}))


def _has_other_schema(session: Session) -> bool:
    before = session.manifest.schema
    renew(session)
    return session.manifest.schema != before


def _look_for_lane(session: Session, desa: str, problem: ServerProblem) -> None:
    """A village or a lane that the server does not know for this phone: what does it list?"""
    before = villages.get(session.store, desa)
    renew(session)
    listed = [lane for lane in session.manifest.lanes if lane.desa == desa]
    if listed and before.lane not in {lane.lane for lane in listed}:
        _need_lane(session, desa)
    elif before.in_scope == villages.get(session.store, desa).in_scope:
        raise problem
