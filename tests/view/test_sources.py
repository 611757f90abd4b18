#!/usr/bin/env python3
"""Sources, columns and rows over HTTP; who may ask; what a bad request is told."""

import gzip
import http.client
import json
import math
import os
import random
import re
import socket
import subprocess
import sys
import time

from server import SENTENCES, Server, write_set
from tap import GONIO, Skip, main, read_npy, write_npy


def rows_of(n, d, seed=0):
    return [[math.sin(seed + i * d + j) for j in range(d)] for i in range(n)]


def what_is_there_is_listed(folder):
    write_set(folder)
    write_npy(os.path.join(folder, "table.npy"), rows_of(9, 4))
    write_npy(os.path.join(folder, "stack.npy"), range(2 * 5 * 3), "f4", (2, 5, 3))
    write_npy(os.path.join(folder, "line.npy"), range(5), "f4", (5,))
    os.makedirs(os.path.join(folder, "deep", "deeper"))
    write_npy(os.path.join(folder, "deep", "inner.npy"), rows_of(3, 2))
    write_npy(os.path.join(folder, "deep", "deeper", "not.npy"), rows_of(3, 2))
    with open(os.path.join(folder, "broken.npy"), "wb") as out:
        out.write(b"not an array")
    with open(os.path.join(folder, "notes.md"), "w", encoding="utf-8") as out:
        out.write("nothing to view")
    with Server(folder) as s:
        doc = s.get("/api/sources").json
        assert doc["folders"] == [os.path.realpath(folder)]
        found = {x["path"]: x for x in doc["sources"]}
        assert list(found) == ["broken.npy", os.path.join("deep", "inner.npy"), "line.npy", "reps", "stack.npy",
                               "table.npy"], list(found)
        assert [x["id"] for x in doc["sources"]] == list(range(6))
        t, st, reps = found["table.npy"], found["stack.npy"], found["reps"]
        assert (t["kind"], t["rows"], t["dims"], t["dtype"], t["bytes"]) == ("npy", 9, 4, "float32", 144)
        assert t["supported"] and t["note"] is None and len(t["layers"]) == 1
        assert t["preview"][0] == "0, 0.8415, 0.9093, 0.1411", t["preview"]
        assert [x["layer"] for x in st["layers"]] == [0, 1] and (st["rows"], st["dims"]) == (5, 3)
        assert [x["depth"] for x in reps["layers"]] == [0, 0.5, 1] and reps["kind"] == "set"
        assert reps["preview"] == [SENTENCES[0][0], SENTENCES[1][0]]
        assert not found["line.npy"]["supported"] and "(5,)" in found["line.npy"]["note"]
        assert not found["broken.npy"]["supported"] and "broken.npy" in found["broken.npy"]["note"]
        assert "cannot be shown" in s.fails(400, "GET", f"/api/sources/{found['broken.npy']['id']}")


def a_source_says_what_it_has(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        d = s.get("/api/sources/0").json
        assert d["name"] == "reps" and d["text"] is True and d["token_column"] == "token"
        assert d["path_column"] is None and d["conditions"]["options"] == {"pool": "none"}
        columns = {c["name"]: c for c in d["columns"]}
        assert list(columns) == ["token", "topic", "position", "sequence", "token_id"]
        assert columns["token"]["distinct"] == len(set(tokens)) and columns["token"]["type"] == "category"
        none = sum(len(text.split()) for text, topic in SENTENCES if topic is None)
        assert columns["topic"] == {"name": "topic", "type": "category", "distinct": 2, "missing": none}
        assert columns["position"]["type"] == "number"
        again = s.get("/api/sources/0").json["hash"]
        assert again == d["hash"] and len(again) == 64
    with Server(path) as s:
        assert s.get("/api/sources/0").json["hash"] == again
    shape, values = read_npy(os.path.join(path, "layer.01.npy"))
    values = list(values)
    values[-1] += 1
    write_npy(os.path.join(path, "layer.01.npy"), values, "f4", shape)
    with Server(path) as s:
        assert s.get("/api/sources/0").json["hash"] != again


def columns_travel_as_blocks(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        b = s.get("/api/sources/0/columns/token").block
        assert [b.meta["names"][c] for c in b.arrays["codes"]] == tokens and b.shape["codes"] == (len(tokens),)
        b = s.get("/api/sources/0/columns/topic").block
        want = [topic for text, topic in SENTENCES for _ in text.split()]
        assert [b.meta["names"][c] if c >= 0 else None for c in b.arrays["codes"]] == want
        b = s.get("/api/sources/0/columns/position").block
        assert list(b.arrays["values"]) == [j for text, _ in SENTENCES for j in range(len(text.split()))]
        assert "no column 'nope'; it has token, topic" in s.fails(404, "GET", "/api/sources/0/columns/nope")


def a_card_shows_the_token_in_its_sentence(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        row = 0
        _, x = read_npy(os.path.join(path, "layer.01.npy"))
        for i, (text, topic) in enumerate(SENTENCES):
            for j, word in enumerate(text.split()):
                card = s.get(f"/api/sources/0/rows/{row}", layer=1).json
                context = card["context"]
                assert context["token"] == word, (text, context)
                assert context["before"] + context["token"] + context["after"] == text
                assert (card["token"], card["sequence"], card["position"], card["layer"]) == (word, i, j, 1)
                assert card["columns"]["topic"] == topic and card["columns"]["token"] == word
                norm = math.sqrt(sum(v * v for v in x[row * 8:row * 8 + 8]))
                assert abs(card["measures"]["norm"] - norm) < 1e-12 * norm
                row += 1
        cards = s.post("/api/sources/0/rows", {"rows": [4, 0]}).json["rows"]
        assert [c["row"] for c in cards] == [4, 0] and "measures" not in cards[0]
        n = len(tokens)
        assert f"from 0 to {n - 1}" in s.fails(404, "GET", f"/api/sources/0/rows/{n}")
        assert "no layer 7; it has 3, from 0 to 2" in s.fails(400, "GET", "/api/sources/0/rows/0?layer=7")
        for rows, part in (([0, 0], "given twice"), ([-1], "out of range"), ([n], "out of range"),
                           ([0.5], "no whole number"), ("all", "array"), (list(range(2)) * 600, "twice")):
            assert part in s.fails(400, "POST", "/api/sources/0/rows", {"rows": rows}), rows


def pooled_rows_show_what_they_are_a_mean_over(folder):
    text, spans = "He un\u00e9arthed the red bank", [[0, 0], [0, 2], [3, 6], [6, 12], [13, 16], [17, 20], [21, 25]]
    for pool, position, word, token in (("word", 2, "un\u00e9arthed", "un\u00e9arthed"), ("mean", -1, None, text),
                                        ("target", 5, None, "red bank"), ("first", 0, None, "")):
        path, _ = write_set(folder, layers=1, sentences=[("one", None)], name=pool)
        record = {"text": text, "n_tokens": 7, "tokens": spans, "target": [17, 25]}
        with open(os.path.join(path, "text.jsonl"), "w", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")
        write_npy(os.path.join(path, "rows", "position.npy"), [position], "i4", (1,))
        write_npy(os.path.join(path, "rows", "topic.npy"), [0 if word else -1], "i4", (1,))
        with open(os.path.join(path, "rows", "topic.txt"), "w", encoding="utf-8") as out:
            out.write((word or "") + "\n")
        with open(os.path.join(path, "gonio.json"), encoding="utf-8") as data:
            about = json.load(data)
        about["options"]["pool"] = pool
        about["labels"][0].update(name="word", classes=1)
        with open(os.path.join(path, "gonio.json"), "w", encoding="utf-8") as out:
            json.dump(about, out)
        with Server(path) as s:
            context = s.get("/api/sources/0/rows/0").json["context"]
            assert context["token"] == token, (pool, context)
            assert context["before"] + context["token"] + context["after"] == text


def the_page_is_one_packed_file(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    with Server(folder) as s:
        plain = s.get("/")
        assert plain.headers["Content-Type"].startswith("text/html") and plain.body.lower().startswith(b"<!doctype html>")
        if b"has no page" in plain.body:
            raise Skip("this build has no page")
        packed = s.ask("GET", "/", headers={"Accept-Encoding": "br, gzip"})
        assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
        assert len(packed.body) <= 150 << 10, len(packed.body)
        assert "sha256-" in packed.headers["Content-Security-Policy"]
        etag = packed.headers["ETag"]
        assert re.fullmatch(r'"[0-9a-f]{64}"', etag)
        again = s.ask("GET", "/", headers={"If-None-Match": etag})
        assert again.status == 304 and not again.body and again.headers["ETag"] == etag
        assert s.ask("GET", "/", headers={"If-None-Match": '"other"'}).status == 200
        assert s.ask("HEAD", "/").status == 200
        assert "nothing at this address" in s.fails(404, "GET", "/index.html")
        assert "expected GET" in s.fails(405, "POST", "/", {})


def long_sentences_are_cut_around_the_token(folder):
    text = "\u00e9" * 500 + " bank " + "\u4e2d" * 500
    path, _ = write_set(folder, sentences=[(text, "x")])
    with Server(path) as s:
        context = s.get("/api/sources/0/rows/1").json["context"]
        assert context == {"before": "\u2026" + "\u00e9" * 199 + " ", "token": "bank",
                           "after": " " + "\u4e2d" * 199 + "\u2026"}, context


def only_this_machine_s_own_page_may_ask(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    with Server(folder) as s:
        own = f"127.0.0.1:{s.port}"
        for host in ("evil.example", "127.0.0.1", f"127.0.0.1:{s.port + 1}", f"evil.example:{s.port}", own + "."):
            assert "Host" in s.fails(403, "GET", "/api/sources", headers={"Host": host}), host
        assert s.ask("GET", "/api/sources", headers={"Host": f"localhost:{s.port}"}).status == 200
        for origin in ("http://evil.example", "null", f"https://{own}", f"http://{own}.evil.example",
                       f"http://127.0.0.1:{s.port + 1}"):
            assert "refused" in s.fails(403, "POST", "/api/sources/0/rows", {"rows": []}, {"Origin": origin}), origin
        good = {"Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"}
        assert s.ask("POST", "/api/sources/0/rows", {"rows": []}, good).status == 200
        assert "other sites" in s.fails(403, "GET", "/api/sources", headers={"Sec-Fetch-Site": "cross-site"})
        assert s.ask("GET", "/", headers={"Sec-Fetch-Site": "cross-site"}).status == 200  # a link somewhere
        for page in ("/", "/api/sources"):
            h = s.get(page).headers
            assert h["X-Content-Type-Options"] == "nosniff" and h["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in h["Content-Security-Policy"] or "default-src 'self'" in h["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in h["Content-Security-Policy"]
            assert "unsafe-inline" not in h["Content-Security-Policy"] and "unsafe-eval" not in h["Content-Security-Policy"]
            assert h["Access-Control-Allow-Origin"] is None
        listening = socket.socket()
        listening.settimeout(2)
        try:  # the address of this machine's own name is another interface, if there is one
            other = socket.gethostbyname(socket.gethostname())
            if not other.startswith("127."):
                assert listening.connect_ex((other, s.port)) != 0
        except socket.gaierror:
            pass
        finally:
            listening.close()


def bad_requests_get_a_sentence(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    rows = "/api/sources/0/rows"
    with Server(folder) as s:
        assert "nothing at this address" in s.fails(404, "GET", "/api/nothing")
        assert "nothing at this address" in s.fails(404, "GET", "/api")
        assert "no source 9" in s.fails(404, "GET", "/api/sources/9")
        for name in ("-1", "x", "1e1", "99999999999999999999", "%31x", "0%20"):
            assert "whole number" in s.fails(400, "GET", f"/api/sources/{name}"), name
        assert s.fails(405, "PUT", "/api/sources", {}) == "this address does not take PUT, expected GET"
        assert s.ask("DELETE", rows).headers["Allow"] == "POST"
        for target, part in (("/api/%zz", "hexadecimal"), ("/api/%", "hexadecimal"), ("/api/%00", "NUL"),
                             ("/api/%ff", "UTF-8"), ("/api//x", "empty segment"), ("/api/sources?a=1&a=2", "twice"),
                             ("/api/" + "/".join("abcdefghi"), "segments"), ("/api/x?" + "a" * 20000, "bytes")):
            assert part in s.fails(400, "GET", target), target
        plain = {"Content-Type": "text/plain"}
        assert "application/json" in s.fails(415, "POST", rows, b'{"rows":[]}', plain)
        assert "not JSON" in s.fails(400, "POST", rows, b"{", {"Content-Type": "application/json"})
        assert "duplicate" in s.fails(400, "POST", rows, b'{"a":1,"a":2}', {"Content-Type": "application/json"})
        assert "expected an object" in s.fails(400, "POST", rows, [1])
        # Too large by its own word, and too large without one.
        big = {"Content-Type": "application/json", "Content-Length": str((64 << 20) + 1)}
        assert "larger than 64 MiB" in s.fails(413, "POST", rows, b"", big)
        assert s.get("/api/sources").json["sources"][0]["name"] == "x.npy"  # still answers


def bodies_are_as_large_as_they_need_to_be(folder):
    """Lists of rows are long; nothing else is, and parsed JSON takes many times its bytes."""
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    json_type, spaces = {"Content-Type": "application/json"}, b" " * (1 << 20)
    with Server(folder) as s:
        for path in ("/api/sets/combine", "/api/overlap", "/api/compare", "/api/embed"):
            empty = s.ask("POST", path, b"{}" + spaces[2:], json_type)  # exactly as much as it may be
            assert empty.status == 400 and "larger" not in empty.error, (path, empty.body)
            for body in (b"{}" + spaces, iter([b"{}", spaces])):  # by its own word, and in pieces without one
                error = s.fails(413, "POST", path, body, json_type)
                assert error == "the request's body is larger than 1 MiB", error
        assert "1 MiB" in s.fails(413, "PATCH", "/api/layouts/0", b"{}" + spaces, json_type)
        long = {"rows": [0, 3], "within": None, "pad": "x" * (2 << 20)}
        assert len(s.post("/api/sources/0/rows", long).json["rows"]) == 2
        for method, path in (("PUT", "/api/tags"), ("PUT", "/api/sets/a?source=0"), ("POST", "/api/export/selection"),
                             ("POST", "/api/search"), ("POST", "/api/neighbors"), ("POST", "/api/layouts")):
            assert s.ask(method, path, long).status != 413, path


def one_connection_serves_many_requests(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    json_type = {"Content-Type": "application/json"}
    with Server(folder) as s:
        connection = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
        for _ in range(3):
            for method, path, body, headers, status in (
                    ("GET", "/api/sources", None, {}, 200), ("POST", "/api/sources/0/rows", b"x" * 100000, {}, 415),
                    ("POST", "/api/sources/0/rows", b"{", json_type, 400), ("GET", "/api/nothing", None, {}, 404),
                    ("POST", "/api/nothing", b'{"a": 1}', json_type, 404), ("GET", "/api/sources", None, {"Host": "x"}, 403),
                    ("POST", "/api/sources/0/rows", b'{"rows": [1]}', json_type, 200)):
                connection.request(method, path, body, headers)
                reply = connection.getresponse()
                text = reply.read()
                assert reply.status == status and json.loads(text), (method, path, reply.status, text[:200])
                # only a page that may not ask loses its connection
                assert (reply.getheader("Connection") == "close") == (status == 403), path
        connection.close()


def streams_of_clients_that_left_end(folder):
    write_npy(os.path.join(folder, "x.npy"), [[random.gauss(0, 1) for _ in range(4)] for _ in range(300)])
    with Server(folder) as s:
        layout = s.post("/api/layouts", {"source": 0, "layer": 0, "method": "tsne", "dim": 2,
                                         "params": {"steps": 100000}}).json["id"]
        s.post(f"/api/layouts/{layout}/pause", {})
        for _ in range(80):  # more than there may be connections at a time
            for attempt in range(200):
                c = socket.create_connection(("127.0.0.1", s.port))
                c.sendall(f"GET /api/layouts/{layout}/stream HTTP/1.1\r\nHost: 127.0.0.1:{s.port}\r\n\r\n".encode())
                answered = c.recv(12)
                c.close()
                if answered:
                    break
                time.sleep(0.05)  # the threads of those before are about to notice
            assert answered == b"HTTP/1.1 200", answered
        assert s.ask("DELETE", f"/api/layouts/{layout}").status == 200


def a_folder_s_files_cannot_be_left(folder):
    inside, outside = os.path.join(folder, "data"), os.path.join(folder, "secret")
    os.makedirs(inside)
    os.makedirs(outside)
    write_npy(os.path.join(outside, "secret.npy"), rows_of(3, 2))
    write_npy(os.path.join(inside, "x.npy"), rows_of(4, 3))
    os.symlink(os.path.join(outside, "secret.npy"), os.path.join(inside, "link.npy"))
    os.symlink(outside, os.path.join(inside, "folder"))
    with open(os.path.join(inside, "index.html"), "w", encoding="utf-8") as out:
        out.write("<p>page")
    with Server(inside, arguments=("--assets", inside)) as s:
        link, x = s.get("/api/sources").json["sources"]
        assert (link["path"], link["supported"], x["path"]) == ("link.npy", False, "x.npy")
        assert "link.npy: leads out of the folder that was opened" in link["note"] and not any(link["preview"])
        assert "cannot be shown" in s.fails(400, "GET", f"/api/sources/{link['id']}")
        assert s.get("/").body == b"<p>page"
        for path in ("/../secret/secret.npy", "/..%2fsecret%2fsecret.npy", "/folder/secret.npy", "/link.npy",
                     "/%2e%2e/secret/secret.npy", "/.", "/folder", "/nothing.js"):
            assert "no such file" in s.fails(404, "GET", path), path


def the_program_says_what_is_wrong(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))

    def run(*arguments):
        done = subprocess.run([GONIO, "view", *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
        assert not done.stdout, done.stdout
        return done.returncode, done.stderr
    with Server("x.npy", cwd=folder) as s:
        status, err = run("x.npy", "--port", str(s.port))
        assert status == 1 and f"port {s.port} of 127.0.0.1 is in use" in err, err
    assert run()[0] == 64
    assert run("x.npy", "--port", "70000")[0] == 64
    status, err = run("nothing.npy")
    assert status == 1 and "nothing.npy" in err and err.count("\n") == 1, err
    with open(os.path.join(folder, "notes.md"), "w", encoding="utf-8") as out:
        out.write("text")
    status, err = run("notes.md")
    assert status == 1 and "notes.md: not a file that can be viewed" in err, err
    status, err = run("x.npy", "--assets", "nowhere")
    assert status == 1 and "nowhere" in err, err


def an_idle_client_does_not_keep_the_server(folder):
    write_npy(os.path.join(folder, "x.npy"), rows_of(4, 3))
    s = Server(folder)
    connections = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(70)]
    for c in connections:
        c.sendall(b"POST /api/sources/0/rows HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    for c in connections[:10]:
        c.close()
    started = time.monotonic()
    s.stop()
    assert time.monotonic() - started < 20
    for c in connections[10:]:
        c.close()


if __name__ == "__main__":
    sys.exit(main([
        what_is_there_is_listed, a_source_says_what_it_has, columns_travel_as_blocks,
        a_card_shows_the_token_in_its_sentence, pooled_rows_show_what_they_are_a_mean_over, the_page_is_one_packed_file,
        long_sentences_are_cut_around_the_token,
        only_this_machine_s_own_page_may_ask, bad_requests_get_a_sentence, bodies_are_as_large_as_they_need_to_be,
        one_connection_serves_many_requests, streams_of_clients_that_left_end, a_folder_s_files_cannot_be_left,
        the_program_says_what_is_wrong, an_idle_client_does_not_keep_the_server,
    ]))
