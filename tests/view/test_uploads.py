#!/usr/bin/env python3
"""Dropped files, and metadata beside a tensor."""

import os
import sys

from server import Server
from tap import main, write_npy

OCTETS = {"Content-Type": "application/octet-stream"}
TABLE = [[i, i * i, 1] for i in range(4)]


def npy_bytes(folder, rows=TABLE):
    write_npy(os.path.join(folder, "up.npy"), rows)
    with open(os.path.join(folder, "up.npy"), "rb") as data:
        raw = data.read()
    os.remove(os.path.join(folder, "up.npy"))
    return raw


def drop(s, name, raw, **more):
    query = "".join(f"&{k}={v}" for k, v in more.items())
    return s.ask("POST", f"/api/sources/upload?name={name}{query}", raw, OCTETS)


def a_dropped_file_becomes_a_source(folder):
    scratch = os.path.join(folder, "tmp")
    data = os.path.join(folder, "data")
    os.makedirs(scratch)
    os.makedirs(data)
    write_npy(os.path.join(data, "x.npy"), TABLE)
    raw = npy_bytes(folder, [[5, 6], [7, 8], [9, 10]])
    with Server(data, env={"TMPDIR": scratch}) as s:
        added = drop(s, "my%20map.npy", raw).json["sources"]
        assert [(x["id"], x["name"], x["rows"], x["dims"]) for x in added] == [(1, "my map.npy", 3, 2)]
        assert len(s.get("/api/sources").json["sources"]) == 2
        assert s.get("/api/sources/1/rows/2").json["measures"]["norm"] == (81 + 100) ** 0.5
        (private,) = os.listdir(scratch)
        assert os.stat(os.path.join(scratch, private)).st_mode & 0o077 == 0
        error = s.fails(409, "PUT", "/api/sets/a?source=1", {"rows": [1]})
        assert "uploaded" in error and s.get("/api/sets", source=1).json["sets"][0]["rows"] == [1]
        assert s.get("/api/log").json[-1]["what"] == "upload"
    assert os.listdir(scratch) == [] and os.listdir(data) == ["x.npy"]


def uploads_stay_in_their_folder(folder):
    scratch = os.path.join(folder, "tmp")
    os.makedirs(scratch)
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    raw = npy_bytes(folder)
    with Server(os.path.join(folder, "x.npy"), env={"TMPDIR": scratch}) as s:
        for name in ("..%2fevil.npy", "%2fetc%2fevil.npy", ".npy", "..", "a%2fb.npy", "x" * 201 + ".npy", ""):
            assert "without a folder" in drop(s, name, raw).error, name
        assert "name" in s.ask("POST", "/api/sources/upload", raw, OCTETS).error
        reply = s.ask("POST", "/api/sources/upload?name=x.npy", raw, {"Content-Type": "text/plain"})
        assert reply.status == 415 and "octet-stream" in reply.error
        reply = drop(s, "notes.docx", raw)
        assert reply.status == 400 and "notes.docx" in reply.error
        bad = drop(s, "bad.npy", b"not an array").json["sources"][0]
        assert not bad["supported"] and "bad.npy" in bad["note"]
        big = {**OCTETS, "Content-Length": str((1 << 30) + 1)}
        assert "1024 MiB" in s.fails(413, "POST", "/api/sources/upload?name=x.npy", b"", big)
        assert len(s.get("/api/sources").json["sources"]) == 2
    assert os.listdir(scratch) == [] and sorted(os.listdir(folder)) == ["tmp", "x.npy"]


def columns(s):
    return {c["name"]: c for c in s.get("/api/sources/0").json["columns"]}


def metadata_become_columns(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as s:
        assert list(columns(s)) == ["__index__"]
        text = "word\tfrequency\t__seq_next__\nbank\t10\t1\nr\u00efver\t\t2\n\"quo\t3e2\t-1\nbank\t4\t\n"
        assert drop(s, "metadata.tsv", text.encode(), **{"for": 0}).status == 200
        c = columns(s)
        assert list(c) == ["__index__", "word", "frequency", "__seq_next__"]
        assert c["word"] == {"name": "word", "type": "category", "distinct": 3, "missing": 0}
        assert c["frequency"] == {"name": "frequency", "type": "number", "distinct": 3, "missing": 1}
        detail = s.get("/api/sources/0").json
        assert detail["token_column"] == "word" and detail["path_column"] == "__seq_next__"
        assert s.get("/api/sources/0/rows/1").json["token"] == "r\u00efver"
        assert [s.get(f"/api/sources/0/rows/{i}").json["columns"]["frequency"] for i in range(4)] == [10, None, 300, 4]
        # One column: no header. A blank line is a row without a label where the count says so.
        assert drop(s, "metadata.tsv", b"a\n\nc\nd\n", **{"for": 0}).status == 200
        assert [s.get(f"/api/sources/0/rows/{i}").json["columns"]["label"] for i in range(4)] == ["a", None, "c", "d"]
        assert drop(s, "metadata.tsv", b"a\r\n\r\nb\r\nc\r\nd\r\n", **{"for": 0}).status == 200
        assert s.get("/api/sources/0/rows/1").json["columns"]["label"] == "b"
        for text, part in (("label\na\nb\nc\nd\n", "no header line"), ("a\tb\n" * 4, "taken for it"),
                           ("a\n\n\n\n\nb\n", "blank lines"),
                           ("a\n" * 9, "9 rows, the vectors are 4"), ("", "0 rows")):
            reply = drop(s, "metadata.tsv", text.encode(), **{"for": 0})
            assert reply.status == 400 and part in reply.error, (text, reply.body)
        assert s.get("/api/sources/0/rows/1").json["columns"]["label"] == "b"
        assert drop(s, "metadata.tsv", b"a\n", **{"for": 7}).status == 404
        # Cells that have no column are passed over, and said.
        assert s.get("/api/sources/0").json["warning"] is None
        assert drop(s, "m.tsv", b"x\ty\n1\t2\n3\t4\t5\n4\t5\n6\t7\n", **{"for": 0}).status == 200
        assert s.get("/api/sources/0/rows/1").json["columns"]["y"] == 4
        assert s.get("/api/sources/0").json["warning"].startswith("m.tsv: line 3 has more than the 2 cells")


if __name__ == "__main__":
    sys.exit(main([
        a_dropped_file_becomes_a_source, uploads_stay_in_their_folder, metadata_become_columns,
    ]))
