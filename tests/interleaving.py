"""Every order in which the operations of several lanes can arrive; each lane keeps its own."""

from collections.abc import Iterator, Sequence


def interleavings(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Indices of lanes, in all orders in which lane *i* comes ``lengths[i]`` times."""
    if not any(lengths):
        yield ()
    for lane, length in enumerate(lengths):
        if length:
            rest = [*lengths[:lane], length - 1, *lengths[lane + 1 :]]
            for tail in interleavings(rest):
                yield lane, *tail
