#!/usr/bin/env python3
"""Folders that nobody would make on purpose, and files that other programs change while they are shown: a
sentence, never a hang, a crash or numbers that belong to no data. Whatever waits too long fails by its time-out."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile

from server import Server, write_set
from tap import GONIO, main, write_npy

TABLE = [[i, i * i, 1] for i in range(10)]


def put(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def listed(s):
    return {x["path"]: x for x in s.get("/api/sources").json["sources"]}


def pipes_are_not_waited_for(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    path, _ = write_set(folder)
    os.remove(os.path.join(path, "layer.01.npy"))
    for name in ("pipe.npy", "pipe.tsv", "pipe.npz", "x.metadata.tsv", "reps/layer.01.npy"):
        os.mkfifo(os.path.join(folder, name))
    put(folder, "tb/projector_config.pbtxt", 'embeddings { tensor_name: "p" tensor_path: "t.tsv" }')
    os.mkfifo(os.path.join(folder, "tb/t.tsv"))
    with Server(folder) as s:
        found = listed(s)
        for name in ("pipe.npy", "pipe.tsv", "pipe.npz", "reps"):
            assert not found[name]["supported"] and "is a pipe or a device" in found[name]["note"], found[name]
        assert found["tb"]["note"] == "tensor_path 't.tsv' is not a file", found["tb"]
        about = s.get(f"/api/sources/{found['x.npy']['id']}").json
        assert "x.metadata.tsv: is a pipe or a device" in about["warning"], about["warning"]
    done = subprocess.run([GONIO, "view", os.path.join(folder, "pipe.npy")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "pipe.npy: is a pipe or a device" in done.stderr, done


def links_do_not_lead_out(folder):
    inside, outside = os.path.join(folder, "data"), os.path.join(folder, "secret")
    os.makedirs(inside)
    put(outside, "names", "\n".join("abcdefghij") + "\n")
    write_npy(os.path.join(inside, "x.npy"), TABLE)
    os.symlink(os.path.join(outside, "names"), os.path.join(inside, "x.metadata.tsv"))
    os.symlink(outside, os.path.join(inside, "view"))
    path, _ = write_set(inside)
    shutil.move(os.path.join(path, "rows", "topic.txt"), outside)
    os.symlink(os.path.join(outside, "topic.txt"), os.path.join(path, "rows", "topic.txt"))
    with Server(inside) as s:
        found = listed(s)
        assert "topic.txt: leads out of the folder" in found["reps"]["note"], found["reps"]
        i = found["x.npy"]["id"]
        about = s.get(f"/api/sources/{i}").json
        assert "x.metadata.tsv: leads out of the folder" in about["warning"]
        assert [c["name"] for c in about["columns"]] == ["__index__"]
        # nor is anything written there
        assert "leads out of" in s.fails(409, "PUT", f"/api/sets/a?source={i}", {"rows": [1]})
        assert s.get("/api/sets", source=i).json["sets"][0]["rows"] == [1]
    assert sorted(os.listdir(outside)) == ["names", "topic.txt"]


def a_shortened_file_is_a_sentence(folder):
    big = os.path.join(folder, "big.npy")
    n, d = 20000, 16
    write_npy(big, [(i * 7919 % 1000) / 1000 for i in range(n * d)], shape=(n, d))
    write_npy(os.path.join(folder, "small.npy"), TABLE)
    path, _ = write_set(folder)
    with Server(folder) as s:
        found = listed(s)
        ids = [found[name]["id"] for name in ("big.npy", "small.npy", "reps")]
        for i in ids:
            s.get(f"/api/sources/{i}/rows/0")
        os.truncate(big, 4096)
        os.truncate(os.path.join(path, "layer.02.npy"), 130)
        for body in ({"source": ids[0], "query": {"row": n - 1}}, {"source": ids[2], "query": {"row": 1}}):
            assert "was changed by another program while it was open" in s.fails(409, "POST", "/api/neighbors", body)
        assert "big.npy was changed" in s.fails(409, "GET", f"/api/sources/{ids[0]}/rows/{n - 1}")
        # the others go on
        assert s.post("/api/neighbors", {"source": ids[1], "query": {"row": 1}}).json["rows"]
        assert len(listed(s)) == 3


def a_map_of_a_shortened_file_fails(folder):
    n, d = 3000, 16
    path = os.path.join(folder, "x.npy")
    write_npy(path, [(i * 7919 % 1009) / 1009 for i in range(n * d)], shape=(n, d))
    with Server(folder) as s:
        layout = s.post("/api/layouts", {"source": 0, "method": "umap", "params": {"steps": 1000000}}).json["id"]
        frames = s.stream(f"/api/layouts/{layout}/stream")
        next(frames)
        os.truncate(path, 4096)
        last = list(frames)[-1]
        assert "x.npy was changed by another program" in last.meta["error"], last.meta
        state = s.get(f"/api/layouts/{layout}").json
        assert state["state"] == "failed" and "was changed" in state["error"], state


def of_very_many_files_the_first_are_listed(folder):
    write_npy(os.path.join(folder, "09998.npy"), TABLE)
    for i in range(10005):
        name = os.path.join(folder, f"{i:05}.txt" if i != 9998 else "x.txt")
        with open(name, "w", encoding="ascii"):
            pass
    write_npy(os.path.join(folder, "zzz.npy"), TABLE)
    s = Server(folder)
    assert list(listed(s)) == ["09998.npy"]
    s.process.send_signal(signal.SIGINT)
    _, err = s.process.communicate(timeout=60)
    assert "of 10007 names the first 10000 are looked at" in err, err


def an_overwritten_file_is_a_sentence(folder):
    path = os.path.join(folder, "x.npy")
    write_npy(path, TABLE)
    with Server(folder) as s:
        s.get("/api/sources/0/rows/0")
        time.sleep(0.05)  # the clock of the file system ticks
        write_npy(path, [[r[0] + 1, 0, 0] for r in TABLE])
        assert "start gonio view again" in s.fails(409, "GET", "/api/sources/0/rows/0")
    with Server(folder) as s:  # a new file under the old name leaves the old one mapped as it was
        before = s.get("/api/sources/0/rows/3").json["measures"]["norm"]
        write_npy(path + ".new", TABLE)
        os.rename(path + ".new", path)
        assert s.get("/api/sources/0/rows/3").json["measures"]["norm"] == before
        os.remove(path)
        assert s.get("/api/sources/0/rows/3").json["measures"]["norm"] == before


def damaged_marks_do_not_hide_the_data(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    marks = put(folder, "view/marks.json", '{"format": 1, "data": ')
    with Server(folder) as s:
        assert "marks.json: line 1" in s.get("/api/sources/0").json["warning"]
        assert s.get("/api/sources/0/rows/3").json["row"] == 3
        assert "marks.json: line 1" in s.fails(400, "PUT", "/api/sets/a?source=0", {"rows": [1]})
    with open(marks, encoding="utf-8") as kept:
        assert kept.read() == '{"format": 1, "data": '


def two_servers_lose_no_marks(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as a, Server(folder) as b:
        def keep(server, name):
            for i in range(40):
                assert server.ask("PUT", f"/api/sets/{name}{i}?source=0", {"rows": [i % 10]}).status == 200
        threads = [threading.Thread(target=keep, args=x) for x in ((a, "a"), (b, "b"))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        names = [x["name"] for x in a.get("/api/sets", source=0).json["sets"]]
        assert len(names) == 80, (len(names), names)


def write_bomb(path, million_bytes):
    """A packed .npz of zeros, a thousandth of their size."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({million_bytes}, 250000), }}"
    header += " " * (117 - len(header)) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z, z.open("a.npy", "w", force_zip64=True) as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for _ in range(million_bytes):
            out.write(bytes(1000000))


def what_is_packed_is_not_unpacked_to_be_listed(folder):
    write_bomb(os.path.join(folder, "zeros.npz"), 400)
    with Server(folder) as s:
        (zeros,) = s.get("/api/sources").json["sources"]
        assert (zeros["rows"], zeros["dims"], zeros["supported"]) == (400, 250000, True), zeros
        with open(f"/proc/{s.process.pid}/status", encoding="ascii") as status:
            peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM")][0]
        assert peak < 390 << 10, peak  # KiB, also under the sanitizers; the zeros alone are 400 MB


def refusals_keep_no_connection(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as s:
        open_ones = []
        for _ in range(100):  # more than there may be at a time
            c = socket.create_connection(("127.0.0.1", s.port), timeout=20)
            c.sendall(b"GET /api/sources HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            answer = b""
            while piece := c.recv(4096):  # until the server closes it
                answer += piece
            assert answer.startswith(b"HTTP/1.1 403") and b"Connection: close" in answer, answer
            open_ones.append(c)
        assert s.get("/api/sources").status == 200
        for c in open_ones:
            c.close()


def what_came_with_the_data_is_not_waited_for_either(folder):
    """Pictures and bookmarks are read when they are asked for: a pipe may have taken their place."""
    def png():
        return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 8, 8) + bytes(9)
    put(folder, "t.tsv", "1\t2\n3\t4\n")
    put(folder, "b.json", "[]")
    with open(os.path.join(folder, "p.png"), "wb") as out:
        out.write(png())
    put(folder, "projector_config.pbtxt", """embeddings { tensor_name: "t" tensor_path: "t.tsv" bookmarks_path: "b.json"
        sprite { image_path: "p.png" single_image_dim: [4, 4] } }""")
    with Server(folder) as s:
        assert s.get("/api/sources/0").json["sprite"]["count"] == 4
        assert s.get("/api/sources/0/sprite").body == png()
        for name in ("b.json", "p.png"):
            os.remove(os.path.join(folder, name))
            os.mkfifo(os.path.join(folder, name))
        assert "p.png: is a pipe or a device" in s.fails(400, "GET", "/api/sources/0/sprite")
        assert "b.json: is a pipe or a device" in s.fails(400, "GET", "/api/sources/0/bookmarks")


def a_missing_row_is_no_row(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as s:
        for query in ({"row": None}, {"terms": [{"row": None}]}, {"terms": [{"row": 1}, {"row": None, "weight": -1}]}):
            sentence = s.fails(400, "POST", "/api/neighbors", {"source": 0, "query": query})
            assert "'row': expected a whole number, found null" in sentence, sentence


def uploads_that_fail_leave_nothing(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    scratch = os.path.join(folder, "scratch")
    os.makedirs(scratch)
    octets = {"Content-Type": "application/octet-stream"}
    with Server(os.path.join(folder, "x.npy"), env={"TMPDIR": scratch}) as s:
        for target, name in (("name=notes.md", "notes.md"), ("name=metadata.tsv&for=0", "metadata.tsv")):
            sentence = s.fails(400, "POST", f"/api/sources/upload?{target}", b"a\nb\n", octets)
            assert name in sentence and scratch not in sentence, sentence
        kept = [f for _, _, files in os.walk(scratch) for f in files]
        assert kept == [], kept
    assert os.listdir(scratch) == []


def it_ends_in_every_state(folder):
    n, d = 3000, 16
    write_npy(os.path.join(folder, "x.npy"), [(i * 7919 % 1009) / 1009 for i in range(n * d)], shape=(n, d))
    put(folder, "t.tsv", "\n".join("\t".join(str((i * 31 + j) % 97) for j in range(8)) for i in range(20000)) + "\n")
    octets = "Content-Type: application/octet-stream\r\n"

    def layout(s):
        s.post("/api/layouts", {"source": 1, "method": "umap", "params": {"steps": 100000}})

    def half_an_upload(s):
        c = socket.create_connection(("127.0.0.1", s.port))
        c.sendall((f"POST /api/sources/upload?name=a.npy HTTP/1.1\r\nHost: 127.0.0.1:{s.port}\r\n{octets}"
                   "Content-Length: 1000000\r\n\r\n").encode() + bytes(5000))
        return c

    def geometry(s):
        s.get("/api/sources/1/geometry")

    def opening(s):
        threading.Thread(target=lambda: quietly(lambda: s.get("/api/sources/0")), daemon=True).start()

    def neighbours(s):
        threading.Thread(target=lambda: quietly(lambda: s.get("/api/export/neighbors", source=1, k=500)), daemon=True).start()

    def quietly(f):
        try:
            f()
        except Exception:  # the server ends while it answers
            pass

    for number in (signal.SIGINT, signal.SIGTERM):
        for state in (lambda s: None, opening, layout, half_an_upload, geometry, neighbours):
            scratch = os.path.join(folder, "scratch")
            os.makedirs(scratch, exist_ok=True)
            s = Server(folder, env={"TMPDIR": scratch})
            kept = state(s)
            time.sleep(0.05)
            started = time.monotonic()
            s.process.send_signal(number)
            _, err = s.process.communicate(timeout=60)
            assert s.process.returncode == 130 and not err, (number, s.process.returncode, err)
            assert time.monotonic() - started < 15
            assert os.listdir(scratch) == [] and sorted(os.listdir(folder)) == ["scratch", "t.tsv", "x.npy"], kept


if __name__ == "__main__":
    sys.exit(main([
        pipes_are_not_waited_for, links_do_not_lead_out, a_shortened_file_is_a_sentence,
        a_map_of_a_shortened_file_fails, of_very_many_files_the_first_are_listed,
        an_overwritten_file_is_a_sentence, damaged_marks_do_not_hide_the_data, two_servers_lose_no_marks,
        what_is_packed_is_not_unpacked_to_be_listed, refusals_keep_no_connection,
        what_came_with_the_data_is_not_waited_for_either, a_missing_row_is_no_row,
        uploads_that_fail_leave_nothing, it_ends_in_every_state,
    ]))
