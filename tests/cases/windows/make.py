#!/usr/bin/env python3
"""Writes zoned.tsv: when windows begin and end in zones, found by walking through time minute by minute.

Nothing of the product is used: what the clock on the wall shows at an instant is Python's zoneinfo's word, and the
windows follow from the two sentences of spec/agentpolicy/README.md. The table is kept in the repository, so that the
test does not depend on this script; run it to add rows.
"""
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ROWS = [
    # zone, the windows to look at, instants (UTC)
    ("Europe/Berlin", "hour day week month", """
        2024-03-31T00:59:59 2024-03-31T01:00:00 2024-03-30T23:00:00 2024-10-27T00:59:59 2024-10-27T01:00:00
        2024-10-27T22:59:59 2024-10-27T23:00:00 2024-02-29T12:00:00 2024-02-29T23:00:00 2023-02-28T22:59:59
        2023-12-31T22:59:59 2023-12-31T23:00:00"""),
    ("America/New_York", "hour day month", """
        2024-03-10T06:59:59 2024-03-10T07:00:00 2024-03-11T03:59:59 2024-11-03T05:30:00 2024-11-03T06:00:00
        2024-11-04T04:59:59 2024-11-04T05:00:00 2024-04-30T23:59:59"""),
    ("Australia/Lord_Howe", "hour day week", """
        2024-04-06T14:59:59 2024-04-06T15:00:00 2024-04-06T15:29:59 2024-04-06T15:30:00 2024-04-07T13:29:59
        2024-04-07T13:30:00 2024-10-05T15:29:59 2024-10-05T15:30:00 2024-10-06T13:00:00"""),
    ("Australia/Sydney", "hour day month", """
        2024-04-06T15:59:59 2024-04-06T16:00:00 2024-10-05T15:59:59 2024-10-05T16:00:00 2024-01-31T12:59:59
        2024-01-31T13:00:00"""),
    ("America/Sao_Paulo", "hour day", """
        2018-11-04T02:59:59 2018-11-04T03:00:00 2018-11-05T01:59:59 2019-02-17T01:30:00 2019-02-17T02:30:00
        2019-02-17T03:00:00"""),
    ("America/Havana", "day week", """
        2024-03-10T04:59:59 2024-03-10T05:00:00 2024-11-03T04:30:00 2024-11-03T05:30:00 2024-11-04T04:59:59"""),
    ("America/St_Johns", "minute hour day month", """
        2010-11-07T02:30:00 2010-11-07T02:31:00 2010-11-07T03:29:00 2010-11-07T03:30:00 2010-03-14T03:31:00"""),
    ("Pacific/Apia", "day week month", """
        2011-12-30T09:59:59 2011-12-30T10:00:00 2011-12-31T09:59:59 2011-12-31T10:00:00"""),
    ("Asia/Kolkata", "hour day", "2024-02-28T18:29:59 2024-02-28T18:30:00 2024-02-29T18:30:00"),
    ("Asia/Kathmandu", "minute hour day", "2024-06-30T18:14:59 2024-06-30T18:15:00"),
    ("Pacific/Kiritimati", "day month", "2024-02-29T09:59:59 2024-02-29T10:00:00"),
    ("Africa/Casablanca", "hour day", "2024-03-10T01:59:59 2024-03-10T02:00:00 2024-04-14T02:00:00"),
    ("Europe/Dublin", "day week", "2024-03-31T01:00:00 2024-10-27T01:30:00 2024-10-27T23:59:59"),
]
STEP = timedelta(minutes=1)
REACH = {"minute": 1, "hour": 1, "day": 3, "week": 10, "month": 35}  # days


def shown(zone, at):
    return at.astimezone(zone).replace(tzinfo=None)


def first_moment(window, local):
    """The date whose first moment began the window that a clock on the wall shows."""
    date = local.date()
    if window == "week":
        return date - timedelta(days=date.weekday())
    return date.replace(day=1) if window == "month" else date


def label(window, zone, at):
    local = shown(zone, at)
    if window in ("day", "week", "month"):
        return first_moment(window, local)
    cut = local.replace(second=0, minute=local.minute if window == "minute" else 0)
    return (cut, at.astimezone(zone).utcoffset())


def edges(window, zone, at):
    is_date = window in ("day", "week", "month")
    t = (at - timedelta(days=REACH[window])).replace(second=0)
    start, now = None, label(window, zone, t)
    while True:
        t += STEP
        new = label(window, zone, t)
        if new > now if is_date else new != now:  # a date once reached is not left again
            if t > at:
                return start, t
            start, now = t, new


def main():
    text = ["# zone\twindow\tat\tbegins\tends - written by make.py"]
    for name, windows, instants in ROWS:
        zone = ZoneInfo(name)
        for instant in instants.split():
            at = datetime.fromisoformat(instant).replace(tzinfo=timezone.utc)
            for window in windows.split():
                start, end = edges(window, zone, at)
                text.append("\t".join([name, window] + [f"{x:%Y-%m-%dT%H:%M:%SZ}" for x in (at, start, end)]))
    sys.stdout.write("\n".join(text) + "\n")


main()
