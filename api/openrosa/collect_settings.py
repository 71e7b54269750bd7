"""The code that sets up ODK Collect and KoboCollect: one scan, nothing to type.

base64(zlib(JSON)) with `general`, `admin` and `project`, as Collect's `client-settings.schema.json`
has them; all three have to be there. What is not named falls back to the application's defaults.
"""

import base64
import zlib
from io import BytesIO
from typing import Final

import orjson
import segno

from api.openrosa.addresses import BY_NAME, server_url
from api.services.odk_keys import Credentials

COLOUR: Final = "#0B5D3B"
ICON: Final = "L"
QR_SCALE: Final = 8
PROJECT_CHARACTERS_MAX: Final = 60


def settings_of(credentials: Credentials, public_url: str) -> dict[str, dict[str, object]]:
    """What the application is to be set to."""
    name = f"Lokus {credentials.display_name or credentials.account}"
    return {
        "general": {
            "protocol": "odk_default",
            "server_url": server_url(public_url, credentials.token),
            # What is not on the list any more is removed, so nobody fills an old form for months.
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_one_hour",
            "autosend": "wifi_and_cellular",
            "app_language": "in",
            "metadata_username": credentials.account,
        },
        "admin": {},
        "project": {"name": name[:PROJECT_CHARACTERS_MAX], "icon": ICON, "color": COLOUR},
    }


def text_of_code(credentials: Credentials, public_url: str) -> str:
    """The text in the QR code."""
    told = orjson.dumps(settings_of(credentials, public_url))
    return base64.b64encode(zlib.compress(told, 9)).decode()


def code_of(credentials: Credentials, public_url: str) -> segno.QRCode:
    """The QR code."""
    return segno.make_qr(text_of_code(credentials, public_url), error="l")


def picture(code: segno.QRCode, kind: str) -> bytes:
    """The code as `png` or `svg`."""
    out = BytesIO()
    code.save(out, kind=kind, scale=QR_SCALE)
    return out.getvalue()


def typed_url(public_url: str) -> str:
    """The address for a phone that cannot scan; name and password belong to it."""
    return public_url + BY_NAME
