"""Break the engine on purpose, to see that the tests notice.

A `Break` replaces one piece of one function's source, in place, so that everybody who has imported
the function gets the broken one. Its witnesses are tests that exist anyway; they pass as long as
nothing is broken, and at least one of them fails while the break is in force.
"""

import inspect
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from types import FunctionType

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Break:
    """``sound`` becomes ``unsound`` in the source of ``function``, named ``module:qualified.name``.

    ``witnesses`` are named ``path under tests::function``.
    """

    rule: str
    function: str
    sound: str
    unsound: str
    witnesses: tuple[str, ...]


@contextmanager
def broken(one: Break) -> Iterator[None]:
    """The function is broken in here, and sound again afterwards."""
    function = resolve_name(one.function)
    assert isinstance(function, FunctionType), f"{one.function} is no function"
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(one.sound) == 1, f"{one.sound!r} is not in {one.function} exactly once"
    code = compile(source.replace(one.sound, one.unsound), f"<broken {one.function}>", "exec")
    # Names are looked up where the function lives; only its code is exchanged.
    namespace = dict(function.__globals__)
    exec(code, namespace)
    sound = function.__code__
    function.__code__ = namespace[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = sound


def run(witnesses: Sequence[str]) -> pytest.ExitCode | int:
    """Run tests in this process, where the break is."""
    tests = [str(ROOT / "tests" / witness) for witness in witnesses]
    plain = ["-q", "--noconftest", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no"]
    return pytest.main([*plain, f"--rootdir={ROOT}", *tests])
