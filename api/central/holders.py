"""Who asks at the door for Central's words: a program with a token of a day, and nobody else.

A phone's key, a device's token and a browser's session are none of these tokens, and this token is
none of theirs. A password with every request (Basic) is not taken: checking one is slow by design.
"""

import re
from typing import Final, cast

from fastapi import Depends, Request, params
from typing_extensions import override

from api.dependencies import Allowed, refusal_entry
from api.errors import AppError
from api.openrosa.addresses import PROJECT
from api.security import Principal
from api.services.programs import program_principal
from api.shell import Shell
from sync.permission import Action

ONLY: Final = str(PROJECT)
"""As it stands in an address."""
_NO_NAME: Final = re.compile("[\x00-\x1f\x7f]")
"""Nothing is called that, and PostgreSQL takes no text with a NUL."""


class Program(Allowed):
    """The rule of every route behind this door: a token of this door, and a role that may."""

    own_door = True

    @override
    def __call__(self, request: Request) -> Principal:
        shell: Shell = request.app.state.shell
        with shell.database.reading() as session:
            principal = program_principal(session, bearer_of(request), shell.now())
        if principal is None:
            raise AppError("unauthorised", "Could not authenticate: sign in for a token first.")
        if not principal.may(self.action):
            code = "not-permitted"
            raise AppError(code, audit=refusal_entry(shell, principal, request, code))
        # Strangers hear 401 before anybody hears which projects there are.
        named = request.path_params
        if named.get("project", ONLY) != ONLY or any(
            _NO_NAME.search(one) for one in named.values()
        ):
            raise AppError("not-found")
        return principal


def bearer_of(request: Request) -> str:
    """The token that a request shows; empty where it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def program(action: Action) -> params.Depends:
    """The rule of a route for programs."""
    return cast("params.Depends", Depends(Program(action)))
