"""Forms without JavaScript: read under a limit, and believed only from a page of ours.

A page with a form repeats in it a token made of a cookie. Another site can make a browser send
such a form, but it can read neither the cookie nor the token.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response

from api.bodies import BodyLimits, bounded
from api.shell import Shell
from api.tokens import csrf_token, same

FORM_COOKIE: Final = "lokus_form"
FORM_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
FIELDS_MAX: Final = 10
"""No form of ours has more."""
FORM_ROUTE: Final = bounded(BodyLimits(bytes_max=4 * 1024))

_SECRET_BYTES: Final = 16
_SECRET: Final = re.compile(r"[0-9a-f]{32}")


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form; none for what is no form."""
    if request.headers.get("content-type", "").split(";")[0].strip() != FORM_MEDIA_TYPE:
        return {}
    try:
        body = (await request.body()).decode()
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


Form = Annotated[Mapping[str, str], Depends(_form)]


def form_secret(request: Request, shell: Shell) -> str:
    """What the form's token is made of: the browser's own, so that two tabs get along, or new."""
    held = request.cookies.get(FORM_COOKIE, "")
    return held if _SECRET.fullmatch(held) else shell.randomness(_SECRET_BYTES).hex()


def remember(response: Response, secret: str, shell: Shell, path: str) -> None:
    """Give the browser the secret of a form that goes to `path`."""
    response.set_cookie(
        FORM_COOKIE,
        secret,
        path=path,
        secure=is_https(shell),
        httponly=True,
        samesite="strict",
    )


def is_from_our_page(form: Mapping[str, str], secret: str | None) -> bool:
    """Does the form repeat the token of the secret that came as a cookie?"""
    return secret is not None and same(form.get("form", ""), csrf_token(secret))


def is_https(shell: Shell) -> bool:
    """Do browsers reach this server through TLS?"""
    return shell.settings.public_url.startswith("https://")
