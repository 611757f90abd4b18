#!/usr/bin/env python3
"""Neighbours of a row, a vector and sums of terms; search by text, expression and field; over HTTP."""

import json
import os
import re
import sys
import threading

from server import SENTENCES, Server, write_set  # finds the other modules
from naive import close, in_space, mean_of, nearest, read_rows
from tap import main, write_npy


def body(**more):
    return {"source": 0, "layer": 1, "metric": "cosine", "space": {"center": False, "remove": 0}, "k": 5, **more}


def check(found, want):
    """Rows and distances as the naive search has them; where two are as near as rounding allows, in any order."""
    assert len(found) == len(want), (len(found), len(want))
    for got, (distance, _) in zip(found, want):
        assert close(got["distance"], distance), (got, distance)
    assert sorted(r["row"] for r in found) == sorted(row for _, row in want), (found, want)


def neighbours_are_exact_in_every_space(folder):
    path, tokens = write_set(folder)
    with Server(path) as s:
        for layer in range(3):
            raw = read_rows(path, layer)
            for center, remove in ((False, 0), (True, 0), (True, 2)):
                rows = in_space(raw, center, remove)
                for metric in ("euclidean", "cosine"):
                    for row in (0, 7, len(raw) - 1):
                        reply = s.post("/api/neighbors", body(layer=layer, metric=metric, query={"row": row},
                                                              space={"center": center, "remove": remove})).json
                        check(reply["rows"], nearest(rows, rows[row], metric, 5, [row]))
                        assert reply["metric"] == metric and reply["layer"] == layer
                        assert reply["space"] == {"center": center, "remove": remove}
                        for r in reply["rows"]:
                            assert r["token"] == tokens[r["row"]] == r["context"]["token"]
        implied = s.post("/api/neighbors", body(query={"row": 0}, space={"center": False, "remove": 1})).json
        assert implied["space"] == {"center": True, "remove": 1}  # cannot be taken off before centring
        assert [x["what"] for x in s.get("/api/log").json] == ["neighbors"] * (3 * 3 * 2 * 3 + 1)


def vectors_terms_and_exclusions(folder):
    path, tokens = write_set(folder)
    rows = read_rows(path, 1)
    with Server(path) as s:
        vector = [0.5 * x + 1 for x in rows[3]]
        check(s.post("/api/neighbors", body(query={"vector": vector})).json["rows"], nearest(rows, vector, "cosine", 5))
        out = [0, 1, 2, 3]
        check(s.post("/api/neighbors", body(query={"vector": vector}, exclude=out)).json["rows"],
              nearest(rows, vector, "cosine", 5, out))
        # a - b + c: a row, a word (the mean of its rows) and a word, in the centred space, both metrics
        placed = in_space(rows, True)
        words = [[i for i, t in enumerate(tokens) if t == w] for w in ("bank", "river")]
        terms = [{"row": 2, "weight": 1}, {"text": "bank", "weight": -1}, {"text": "river", "weight": 2}]
        for metric in ("euclidean", "cosine"):
            parts = [placed[2]] + [mean_of([placed[i] for i in w]) for w in words]
            if metric == "cosine":
                parts = [[x / sum(y * y for y in p) ** 0.5 for x in p] for p in parts]
            point = [a - b + 2 * c for a, b, c in zip(*parts)]
            reply = s.post("/api/neighbors", body(query={"terms": terms}, metric=metric, k=9,
                                                  space={"center": True, "remove": 0})).json
            check(reply["rows"], nearest(placed, point, metric, 9, [2] + words[0] + words[1]))
            assert [t["rows"] for t in reply["query"]] == [1, len(words[0]), len(words[1])]
            assert [t["weight"] for t in reply["query"]] == [1, -1, 2]
        assert len(s.post("/api/neighbors", body(query={"row": 0}, k=1000)).json["rows"]) == len(rows) - 1
        assert "no token 'bankk'" in s.fails(400, "POST", "/api/neighbors", body(query={"terms": [{"text": "bankk"}]}))
        assert "term 2" in s.fails(400, "POST", "/api/neighbors", body(query={"terms": [{"row": 1}, {"row": 999}]}))
        for bad, why in (({"row": 999}, "999"), ({"row": "x"}, "whole number"), ({"vector": [1]}, "expected 8 numbers"),
                         ({"terms": []}, "1 to 64 terms"), ({}, "'query'"), ({"terms": [{}]}, "expected {\"row\""),
                         ({"terms": [{"row": 0, "weight": 1}, {"row": 0, "weight": -1}]}, "no direction")):
            sentence = s.fails(400, "POST", "/api/neighbors", body(query=bad))
            assert why in sentence, (bad, sentence)
        for more, why in (({"k": 0}, "'k'"), ({"metric": "manhattan"}, "cosine"), ({"layer": 7}, "no layer 7"),
                          ({"space": {"remove": 65}}, "'remove'"), ({"exclude": [999]}, "out of range")):
            sentence = s.fails(400, "POST", "/api/neighbors", body(query={"row": 0}, **more))
            assert why in sentence, (more, sentence)
        assert "no source 5" in s.fails(404, "POST", "/api/neighbors", {**body(query={"row": 0}), "source": 5})


def rows_that_cannot_answer(folder):
    write_npy(os.path.join(folder, "a.npy"), [[1, 0], [0, 0], [0, 1], [1, 1], [1, 0]])
    write_npy(os.path.join(folder, "b.npy"), [[1, 0], [float("nan"), 0], [0, 1]])
    with Server(folder) as s:
        reply = s.post("/api/neighbors", body(layer=0, query={"row": 0})).json
        assert [r["row"] for r in reply["rows"]] == [4, 3, 2] and reply["without_direction"] == 1
        assert reply["rows"][0]["distance"] == 0 and reply["rows"][0]["context"] is None
        assert "zero vector" in s.fails(400, "POST", "/api/neighbors", body(layer=0, query={"row": 1}))
        reply = s.post("/api/neighbors", body(layer=0, query={"row": 1}, metric="euclidean")).json
        assert [r["row"] for r in reply["rows"]] == [0, 2, 4, 3]
        sentence = s.fails(400, "POST", "/api/neighbors", {**body(layer=0, query={"row": 0}), "source": 1})
        assert "b.npy, layer 0: row 1, column 0 is NaN" in sentence, sentence


def found(s, mode, text, **more):
    blocks = list(s.stream("/api/search", "POST", {"source": 0, "mode": mode, "text": text, "column": None,
                                                   "case": False, "within": None, **more}))
    assert [b.meta["last"] for b in blocks] == [False] * (len(blocks) - 1) + [True]
    rows = [r for b in blocks for r in b.arrays["rows"]]
    last = blocks[-1].meta
    assert last["count"] == len(rows) and last["scanned"] == last["total"]
    return rows


def search_finds_what_a_naive_one_finds(folder):
    path, tokens = write_set(folder)
    sentence = [i for i, (text, _) in enumerate(SENTENCES) for _ in text.split()]
    topic = [t for text, t in SENTENCES for _ in text.split()]
    place = [j for text, _ in SENTENCES for j, _ in enumerate(text.split())]

    def where(test):
        return [i for i in range(len(tokens)) if test(i)]

    with Server(path) as s:
        assert found(s, "substring", "AN") == where(lambda i: "an" in tokens[i])
        assert found(s, "substring", "AN", case=True) == []
        assert found(s, "prefix", "ba") == where(lambda i: tokens[i].startswith("ba"))
        assert found(s, "whole", "bank") == where(lambda i: tokens[i] == "bank")
        assert found(s, "substring", "caf\u00e9") == where(lambda i: tokens[i].startswith("cafe"))
        assert found(s, "regex", "^b.n?k$") == where(lambda i: re.search("^b.n?k$", tokens[i]))
        assert found(s, "field", "topic:RIVER") == where(lambda i: topic[i] == "river")
        assert found(s, "field", "topic!=river") == where(lambda i: topic[i] == "finance")  # missing: never
        assert found(s, "field", "position>3") == where(lambda i: place[i] > 3)
        assert found(s, "field", "position<=0") == where(lambda i: place[i] == 0)
        assert found(s, "regex", "money|rates", column="text") == where(
            lambda i: re.search("money|rates", SENTENCES[sentence[i]][0]))
        assert found(s, "substring", "fin", column="topic") == where(lambda i: topic[i] == "finance")
        some = [9, 3, 1, 0]
        assert found(s, "prefix", "b", within=some) == [i for i in some if tokens[i].startswith("b")]

        def refused(**more):
            return s.fails(400, "POST", "/api/search", {"source": 0, "mode": "regex", "text": "x", **more})
        sentence = refused(text="ba(nk")
        assert "at character 6" in sentence and "parenthesis" in sentence, sentence
        assert "too many steps" in refused(text="((((.*)*)*)*)*\\x{1234}$", column="text"), "hostile"
        assert "empty" in refused(text="")
        assert "'mode'" in refused(mode="fuzzy")
        assert "no field expression" in refused(mode="field", text="noun")
        assert "topic" in refused(mode="field", text="tipoc:noun")
        assert "holds numbers" in refused(column="position")
        assert "is no number" in refused(mode="field", text="topic>high")
        assert "no set 'x'" in refused(within={"set": "x"})


def a_source_without_tokens(folder):
    write_npy(os.path.join(folder, "a.npy"), [[1, 0], [0, 0]])
    with Server(folder) as s:
        sentence = s.fails(400, "POST", "/api/search", {"source": 0, "mode": "substring", "text": "x"})
        assert "no tokens" in sentence, sentence
        assert found(s, "field", "__index__>=1") == [1]
        assert "no tokens" in s.fails(400, "POST", "/api/neighbors", body(layer=0, query={"terms": [{"text": "x"}]}))


def many_clients_get_the_same_answers(folder):
    """The first questions to a layer come at once: each thing is computed once, and all wait for it."""
    path, _ = write_set(folder, dims=16)
    wanted = [body(layer=layer, metric=metric, query={"row": row}, space={"center": True, "remove": remove})
              for layer in range(3) for metric in ("euclidean", "cosine") for remove in (0, 1) for row in (0, 5)]
    with Server(path) as s:
        answers, wrong = {}, []

        def client(start):
            for i in range(len(wanted)):
                at = (start + i) % len(wanted)
                rows = json.dumps(s.post("/api/neighbors", wanted[at]).json["rows"])
                if answers.setdefault(at, rows) != rows:
                    wrong.append(at)
        threads = [threading.Thread(target=client, args=(3 * n,)) for n in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(answers) == len(wanted) and not wrong, wrong


if __name__ == "__main__":
    sys.exit(main([neighbours_are_exact_in_every_space, vectors_terms_and_exclusions, rows_that_cannot_answer,
                   search_finds_what_a_naive_one_finds, a_source_without_tokens, many_clients_get_the_same_answers]))
