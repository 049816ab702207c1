"""Time zones of the host's, kept in the interpreter's memory: there is no folder of them, and no package is needed.

`ZONES` is put in front of this file: the content of each zone's file, in base64, by its name.
"""

import base64
import io
import zoneinfo
from zoneinfo import _common, _tzpath

_load, _available = _common.load_tzdata, zoneinfo.available_timezones


def _load_tzdata(key):
    data = ZONES.get(key)  # noqa: F821
    return _load(key) if data is None else io.BytesIO(base64.b64decode(data))


def _available_timezones():
    return _available() | set(ZONES)  # noqa: F821


if ZONES:  # noqa: F821
    _common.load_tzdata = _load_tzdata
    zoneinfo.available_timezones = _tzpath.available_timezones = _available_timezones
