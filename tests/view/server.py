"""The viewer's server for tests: starts `gonio view`, asks it, reads blocks and streams; and writes a small
representation set by hand, in the format that docs/formats.md describes. Standard library only."""

import http.client
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import GONIO, write_npy

CODES = {"f4": "f", "f8": "d", "i4": "i", "u4": "I", "u2": "H", "u1": "B"}


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    @property
    def block(self):
        return Block(self.body)


class Block:
    """meta: the header; arrays[name]: a flat tuple of numbers; shape[name]."""

    def __init__(self, raw):
        (length,) = struct.unpack_from("<I", raw)
        assert (4 + length) % 8 == 0, length
        self.meta = json.loads(raw[4:4 + length])
        assert self.meta["bytes"] == len(raw), (self.meta["bytes"], len(raw))
        self.arrays, self.shape = {}, {}
        for name, a in self.meta["arrays"].items():
            count = 1
            for size in a["shape"]:
                count *= size
            assert a["offset"] % 8 == 0 and a["offset"] >= 4 + length
            self.arrays[name] = struct.unpack_from(f"<{count}{CODES[a['dtype']]}", raw, a["offset"])
            self.shape[name] = tuple(a["shape"])


class Server:
    """with Server(folder, ...) as s: s.get("/api/sources").json"""

    def __init__(self, *paths, arguments=(), cwd=None, env=None):
        self.process = subprocess.Popen(
            [GONIO, "view", *map(str, paths), "--no-browser", "--quiet", *arguments], cwd=cwd,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", line)
        if not found:
            self.process.kill()
            raise AssertionError(f"no address: {line!r} {self.process.communicate()[1]}")
        self.port = int(found[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ctrl-C; the server must end by itself, with status 130 and nothing to say."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            _, err = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server does not end: {self.process.communicate()[1]}") from None
        assert self.process.returncode == 130 and not err, (self.process.returncode, err[-2000:])

    def ask(self, method, path, body=None, headers=None, timeout=120):
        """body: a dict goes as JSON, bytes as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            r = connection.getresponse()
            return Reply(r.status, r.headers, r.read())
        finally:
            connection.close()

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        reply = self.ask("GET", path)
        assert reply.status == 200, (path, reply.status, reply.body[:500])
        return reply

    def post(self, path, body):
        reply = self.ask("POST", path, body)
        assert reply.status == 200, (path, reply.status, reply.body[:500])
        return reply

    def fails(self, status, method, path, body=None, headers=None):
        """The sentence of an answer that must be an error."""
        reply = self.ask(method, path, body, headers)
        assert reply.status == status, (path, reply.status, reply.body[:500])
        assert reply.headers["Content-Type"] == "application/json"
        return reply.error

    def stream(self, path, method="GET", body=None, timeout=120):
        """Yields the blocks of a stream as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        r = connection.getresponse()
        try:
            assert r.status == 200, (path, r.status, r.read()[:500])
            while size := r.read(4):
                (n,) = struct.unpack("<I", size)
                raw = r.read(n)
                assert len(raw) == n
                yield Block(raw)
        finally:
            connection.close()


SENTENCES = [
    ("the bank of the river was green", "river"), ("she went to the bank for money", "finance"),
    ("the river bank flooded again", "river"), ("the bank raised its rates", "finance"),
    ("a cafe\u0301 near the bank", None), ("money in the bank is safe", "finance"),
]


def write_set(folder, layers=3, dims=8, sentences=SENTENCES, seed=1, name="reps"):
    """A representation set: a row a word, `layers` layers 0 ... layers - 1, one label column "topic" (none
    for some rows). Rows of one word are near each other. Returns (path, tokens of the rows)."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.join(path, "rows"))
    vocab = sorted({w for text, _ in sentences for w in text.split()})
    topics = sorted({t for _, t in sentences if t})
    tokens, ids, sequence, position, topic, lines = [], [], [], [], [], []
    for i, (text, label) in enumerate(sentences):
        at, spans = 0, []
        for j, word in enumerate(text.split()):
            spans.append([at, at + len(word)])
            at += len(word) + 1
            tokens.append(word)
            ids.append(vocab.index(word))
            sequence.append(i)
            position.append(j)
            topic.append(topics.index(label) if label else -1)
        record = {"text": text, "n_tokens": len(spans), "tokens": spans, "labels": {"topic": label} if label else {}}
        lines.append(json.dumps(record, ensure_ascii=False))
    r = random.Random(seed)
    centre = {w: [r.gauss(0, 3) for _ in range(dims)] for w in vocab}
    n = len(tokens)
    for layer in range(layers):
        write_npy(os.path.join(path, f"layer.{layer:02}.npy"),
                  [[c + r.gauss(0, 0.3 + layer) for c in centre[t]] for t in tokens])
    for name_of, values in (("token_id", ids), ("sequence", sequence), ("position", position), ("topic", topic)):
        write_npy(os.path.join(path, "rows", name_of + ".npy"), values, "i4", (n,))
    for name_of, text in (("vocab.txt", vocab), ("text.jsonl", lines), (os.path.join("rows", "topic.txt"), topics)):
        with open(os.path.join(path, name_of), "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in text)
    about = {"gonio": "0.1.0", "format": 1, "state": "complete", "rows_written": n, "sequences_done": len(sentences),
             "rows": n, "dims": dims, "sequences": len(sentences), "dtype": "float32",
             "layers": [{"index": i, "depth": i / max(1, layers - 1), "file": f"layer.{i:02}.npy"} for i in range(layers)],
             "labels": [{"name": "topic", "file": "rows/topic", "classes": len(topics)}],
             "options": {"pool": "none"}}
    with open(os.path.join(path, "gonio.json"), "w", encoding="utf-8") as out:
        json.dump(about, out)
    return path, tokens
