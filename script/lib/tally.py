#!/usr/bin/env python3
"""tally.py RESULTS --suites "a b" --broken "a": one line a suite, and the sum of all in the form
"123 passed, 0 failed, 4 skipped" as the last line. Exit 1 when something failed, or when nothing ran.

Reads what script/test left in RESULTS: *.meson.json (meson's testlog.json), *.xml (pytest's junit), *.json of our own
tools ({"passed": n, "failed": n, "skipped": n}). A suite named as broken that shows no failure counts as one.
"""
import argparse
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

CMOCKA = {
    "passed": re.compile(r"^\[  PASSED  \] (\d+) test", re.M),
    "failed": re.compile(r"^\[  FAILED  \] (\d+) test", re.M),
    "skipped": re.compile(r"^\[  SKIPPED \] (\d+) test", re.M),
}


def of_meson(path):
    """A cmocka program says how many tests it ran; any other program counts as one."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for line in path.read_text(errors="replace").splitlines():
        run = json.loads(line)
        text = (run.get("stdout") or "") + (run.get("stderr") or "")
        inner = {kind: sum(int(n) for n in pattern.findall(text)) for kind, pattern in CMOCKA.items()}
        result = run["result"]
        if result in ("OK", "EXPECTEDFAIL"):
            total["passed"] += inner["passed"] or (0 if inner["skipped"] else 1)
            total["skipped"] += inner["skipped"]
        elif result == "SKIP":
            total["skipped"] += 1
        else:
            total["passed"] += inner["passed"]
            total["failed"] += inner["failed"] or 1
    return total


def of_junit(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in root.iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        total["failed"] += failed
        total["skipped"] += skipped
        total["passed"] += int(suite.get("tests", 0)) - failed - skipped
    return total


def of_suite(results, suite):
    for name, read in ((f"{suite}.meson.json", of_meson), (f"{suite}.xml", of_junit),
                       (f"{suite}.json", lambda p: json.loads(p.read_text()))):
        path = results / name
        if path.exists():
            try:
                return read(path)
            except (ValueError, KeyError, xml.etree.ElementTree.ParseError):
                break
    return {"passed": 0, "failed": 0, "skipped": 0}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--suites", default="")
    parser.add_argument("--broken", default="")
    args = parser.parse_args()
    broken = args.broken.split()

    total = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in args.suites.split():
        counts = of_suite(args.results, suite)
        note = ""
        if suite in broken and not counts["failed"]:
            counts["failed"] += 1
            note = " (the suite ended badly: see above)"
        elif suite not in broken and not counts["passed"] + counts["failed"] + counts["skipped"]:
            note = " (ran no test)"
        print(f"{suite + ':':8}{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped{note}")
        for kind in total:
            total[kind] += counts[kind]
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    sys.exit(1 if total["failed"] or not total["passed"] else 0)


if __name__ == "__main__":
    main()
