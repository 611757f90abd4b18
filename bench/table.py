#!/usr/bin/env python3
"""Reads a bench's output and prints its JSON lines as tables for people; other lines pass through."""

import json
import sys


def cell(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def flat(row):
    """A row whose cells are objects as more columns: tokens_per_s {"gonio": 1} as gonio tokens_per_s."""
    out = {}
    for key, value in row.items():
        if isinstance(value, dict):
            out.update({f"{inner} {key}": x for inner, x in value.items()})
        else:
            out[key] = value
    return out


def table(rows):
    rows = [flat(row) for row in rows]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = [heads] + [[cell(row.get(key, "-")) for key in heads] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    for line in lines:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths)))


def show(document):
    tables = {k: v for k, v in document.items()
              if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)}
    nested = {k: v for k, v in document.items() if isinstance(v, dict)}
    facts = {k: v for k, v in document.items() if k not in tables and k not in nested}
    print(", ".join(f"{k} {cell(v)}" for k, v in facts.items()))
    for name, rows in tables.items():
        print(f" {name}")
        table(rows)
    for name, inner in nested.items():
        if inner and all(isinstance(v, dict) for v in inner.values()):
            print(f" {name}")
            table([{name: key, **value} for key, value in inner.items()])
        else:
            print(f" {name}: " + ", ".join(f"{k} {cell(v)}" for k, v in inner.items()))


for line in sys.stdin:
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        show(parsed)
    else:
        print(line, end="")
    sys.stdout.flush()
