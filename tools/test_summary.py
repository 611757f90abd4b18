#!/usr/bin/env python3
"""Counts the TAP lines of Meson's test logs and prints `N passed, N failed, N skipped` last.

A program that died without finishing its plan counts as one more failure. Usage:
test_summary.py LABEL=LOG.json ...; exit status 1 when anything failed or nothing ran.
"""

import json
import re
import sys


def count(entry):
    passed = failed = skipped = 0
    for line in entry.get("stdout", "").splitlines():
        found = re.match(r"\s*(not )?ok\b(.*)", line)
        if not found:
            continue
        if re.search(r"#\s*skip", found[2], re.IGNORECASE):
            skipped += 1
        elif found[1]:
            failed += 1
        else:
            passed += 1
    if entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and failed == 0:
        failed = 1
    if entry["result"] == "OK" and passed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def main():
    totals = [0, 0, 0]
    for argument in sys.argv[1:]:
        label, _, log = argument.rpartition("=")
        sums = [0, 0, 0]
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                numbers = count(entry)
                sums = [a + b for a, b in zip(sums, numbers)]
                for text in entry.get("stdout", "").splitlines():
                    if re.search(r"#\s*skip", text, re.IGNORECASE):
                        print(f"skipped  {entry['name']}: {text.split('-', 1)[-1].strip()}")
                if numbers[1]:
                    print(f"FAILED   {label} {entry['name']} ({entry['result']})")
                    for text in entry.get("stdout", "").splitlines():
                        if text.startswith(("#", "not ok")):
                            print("    " + text)
                    print("    " + "\n    ".join(entry.get("stderr", "").splitlines()[-20:]))
        print(f"{label}: {sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
        totals = [a + b for a, b in zip(totals, sums)]
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
