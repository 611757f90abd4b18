#!/usr/bin/env python3
"""Downloads: a selection with its contexts, neighbours of all rows."""

import csv
import http.client
import io
import json
import math
import os
import struct
import sys
import time

from server import SENTENCES, Server, write_set
from tap import main, read_npy, write_npy

TABLE = [[i, i * i, 1] for i in range(4)]


def a_selection_is_downloaded_with_its_contexts(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        wanted = [i for i, t in enumerate(tokens) if t == "bank"]
        reply = s.post("/api/export/selection", {"source": 0, "rows": wanted, "format": "csv"})
        assert reply.headers["Content-Disposition"] == 'attachment; filename="selection.csv"'
        assert reply.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
        assert [int(r["row"]) for r in rows] == wanted
        for r in rows:
            text, topic = SENTENCES[int(r["sequence"])]
            assert r["context_before"] + r["context_token"] + r["context_after"] == text
            assert r["token"] == "bank" == r["context_token"] and r["topic"] == (topic or "")
        reply = s.post("/api/export/selection", {"source": 0, "rows": None, "format": "jsonl"})
        cards = [json.loads(line) for line in reply.body.decode().splitlines()]
        assert [c["row"] for c in cards] == list(range(len(tokens))) and [c["token"] for c in cards] == tokens
        assert cards[0]["context"] == {"before": "", "token": "the", "after": SENTENCES[0][0][3:]}
        assert s.post("/api/export/selection", {"source": 0, "rows": [], "format": "csv"}).body.count(b"\n") == 1
        assert "one of csv, jsonl" in s.fails(400, "POST", "/api/export/selection",
                                              {"source": 0, "rows": [0], "format": "xlsx"})


def a_download_that_fails_is_never_taken_for_whole(folder):
    many = [(f"sentence number {i}", None) for i in range(400)]  # more rows than one piece of a download
    path, _ = write_set(folder, layers=1, sentences=many)
    text = os.path.join(path, "text.jsonl")
    with open(text, encoding="utf-8") as data:
        lines = data.readlines()

    def export(line):
        with open(text, "w", encoding="utf-8") as out:
            out.writelines(lines[:line] + ["damaged\n"] + lines[line + 1:])
        with Server(path) as s:
            return s.ask("POST", "/api/export/selection", {"source": 0, "rows": None, "format": "csv"})
    first = export(3)
    assert first.status == 400 and "sequence 3" in first.error, first.body[:200]
    try:
        late = export(350)
        raise AssertionError(f"taken for whole: {late.status} {len(late.body)}")
    except http.client.IncompleteRead:
        pass


def fields_are_quoted(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    hard = ['a,b', 'say "hi"', ' plain ', "=1+1"]
    with Server(folder) as s:
        s.ask("PUT", "/api/tags", {"source": 0, "column": 'na"me, x', "rows": [0, 1, 2, 3], "value": hard})
        body = s.post("/api/export/selection", {"source": 0, "rows": [3, 2, 1, 0], "format": "csv"}).body
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        assert [r['na"me, x'] for r in rows] == hard[::-1], body


def distance(a, b, metric):
    if metric == "cosine":
        a, b = ([v / math.sqrt(sum(w * w for w in x)) for v in x] for x in (a, b))
        return sum((v - w) ** 2 for v, w in zip(a, b)) / 2
    return math.sqrt(sum((v - w) ** 2 for v, w in zip(a, b)))


def neighbours_of_all_rows_are_downloaded(folder):
    path, tokens = write_set(folder)
    (n, d), flat = read_npy(os.path.join(path, "layer.01.npy"))
    rows = [flat[i * d:i * d + d] for i in range(n)]
    before = sorted(os.listdir(path))
    with Server(path) as s:
        for metric in ("cosine", "euclidean"):
            reply = s.get("/api/export/neighbors", source=0, layer=1, k=5, metric=metric)
            assert 'filename="neighbors.csv"' in reply.headers["Content-Disposition"]
            found = list(csv.DictReader(io.StringIO(reply.body.decode())))
            assert len(found) == 5 * n
            for i in range(n):
                want = sorted((distance(rows[i], rows[j], metric), j) for j in range(n) if j != i)[:5]
                mine = found[5 * i:5 * i + 5]
                assert [(int(r["row"]), int(r["rank"])) for r in mine] == [(i, j + 1) for j in range(5)]
                assert [int(r["neighbor"]) for r in mine] == [j for _, j in want]
                assert all(abs(float(r["distance"]) - w) < 1e-6 * w for r, (w, _) in zip(mine, want))
                assert [r["neighbor_token"] for r in mine] == [tokens[j] for _, j in want]
                assert mine[0]["token"] == tokens[i]
        table = s.get("/api/export/neighbors", source=0, layer=1, k=3, metric="euclidean", format="npy")
        assert 'filename="neighbors.npy"' in table.headers["Content-Disposition"]
        assert table.body[:6] == b"\x93NUMPY" and b"'<i4'" in table.body[:128] and b"(%d, 3)" % n in table.body[:128]
        listed = list(csv.DictReader(io.StringIO(s.get("/api/export/neighbors", source=0, layer=1, k=3,
                                                       metric="euclidean").body.decode())))
        assert list(struct.unpack(f"<{3 * n}i", table.body[128:])) == [int(x["neighbor"]) for x in listed]
        lines = s.get("/api/export/neighbors", source=0, layer=1, k=2, format="jsonl").body.decode().splitlines()
        first = json.loads(lines[0])
        want = sorted((distance(rows[0], rows[j], "cosine"), j) for j in range(1, n))[:2]
        assert len(lines) == n and first["row"] == 0 and first["neighbors"] == [j for _, j in want], first
        centred = s.get("/api/export/neighbors", source=0, layer=1, k=2, center=1).body
        assert centred != s.get("/api/export/neighbors", source=0, layer=1, k=2).body
        assert [e["what"] for e in s.get("/api/log").json] == ["neighbors of all rows"] * 7
        for query, part in (("k=0", "from 1 to"), ("metric=dot", "'dot'"), ("format=xls", "'xls'"),
                            ("layer=9", "no layer 9")):
            assert part in s.fails(400, "GET", "/api/export/neighbors?source=0&" + query), query
    assert sorted(os.listdir(path)) == before


def the_geometry_table_is_downloaded(folder):
    path, _ = write_set(folder)
    with Server(path) as s:
        error = s.fails(409, "GET", "/api/export/geometry?source=0")
        assert "not there yet" in error and "% done" in error, error
        while (table := s.get("/api/sources/0/geometry").json)["state"] != "done":
            assert table["state"] in ("waiting", "running"), table
            time.sleep(0.05)
        reply = s.get("/api/export/geometry", source=0)
        assert 'filename="geometry.csv"' in reply.headers["Content-Disposition"]
        found = list(csv.DictReader(io.StringIO(reply.body.decode())))
        assert len(found) == len(table["rows"]) > 10
        for mine, row in zip(found, table["rows"]):
            for key, value in row.items():
                assert mine[key] == ("" if value is None else value if isinstance(value, str) else mine[key])
                if isinstance(value, float):
                    assert float(mine[key]) == value, (key, row)
        doc = s.get("/api/export/geometry", source=0, format="json").json
        assert doc["rows"] == table["rows"] and doc["spectra"] == table["spectra"]
        assert "csv or json" in s.fails(400, "GET", "/api/export/geometry?source=0&format=xls")
        assert "no source 7" in s.fails(404, "GET", "/api/export/geometry?source=7")
        s.fails(409, "GET", "/api/export/geometry?source=0&center=1")  # another table


if __name__ == "__main__":
    sys.exit(main([
        a_selection_is_downloaded_with_its_contexts, a_download_that_fails_is_never_taken_for_whole, fields_are_quoted, neighbours_of_all_rows_are_downloaded,
        the_geometry_table_is_downloaded,
    ]))
