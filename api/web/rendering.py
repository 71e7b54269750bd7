"""From a template and its values to a page: every value is escaped, every name must be known."""

import hashlib
from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from api.shell import Shell
from api.web import language as languages
from api.web.language import Language
from api.web.texts import text

STYLE: Final = files("api.web").joinpath("style.css").read_bytes()
STYLE_NAME: Final = f"lokus-{hashlib.sha256(STYLE).hexdigest()[:12]}.css"
"""The name changes with the content, so browsers may keep the file for ever."""

_TEMPLATES: Final = Environment(
    loader=ChoiceLoader([PackageLoader("api.web"), PackageLoader("api.web.rounds")]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    request: Request,
    template: str,
    language: Language,
    values: Mapping[str, object],
    *,
    status: int = 200,
) -> HTMLResponse:
    """A page in one language. Links keep `?lang=` where somebody has chosen one."""
    shell: Shell = request.app.state.shell
    content = _TEMPLATES.get_template(template).render(
        {
            "t": partial(text, language),
            "number": partial(languages.number, language=language),
            "day": partial(languages.day, language=language),
            "short_day": partial(languages.short_day, zone=shell.settings.zone, language=language),
            "moment": partial(languages.moment, zone=shell.settings.zone, language=language),
            "lang": language.value,
            "keep": kept(request, language),
            "path": request.url.path,
            "style": f"/static/{STYLE_NAME}",
            **values,
        }
    )
    return HTMLResponse(content, status_code=status, headers={"Vary": "Accept-Language"})


def kept(request: Request, language: Language) -> str:
    """The query that keeps a language which somebody has chosen; empty where nobody has."""
    return f"?lang={language.value}" if "lang" in request.query_params else ""
