# from: alibaba/ROCK#312, Yamtrack#325: time zones without the package tzdata
# result: '2026-07-01T12:00:00-04:00 2026-12-01T12:00:00\+09:00 True'

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

summer = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York"))
winter = datetime(2026, 12, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
f"{summer.isoformat()} {winter.isoformat()} {'Europe/Berlin' in available_timezones()}"
