#!/usr/bin/env python3
"""Named sets and edited labels: what is kept, where, and that the data are never touched."""

import json
import os
import sys

from server import SENTENCES, Server, write_set
from tap import files_under, main, write_npy

TABLE = [[i, i * i, 1] for i in range(10)]


def sets_are_kept_beside_the_data(folder):
    path, tokens = write_set(folder)
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    before = {f: open(os.path.join(path, f), "rb").read() for f in files_under(path)}
    with Server(folder) as s:
        assert s.get("/api/sets", source=0).json["sets"] == []
        banks = [i for i, t in enumerate(tokens) if t == "bank"]
        s.ask("PUT", "/api/sets/the%20bank?source=0", {"rows": banks})
        s.ask("PUT", "/api/sets/ten?source=1", {"rows": [7, 3]})
        assert s.get("/api/sets", source=0).json["sets"] == [{"name": "the bank", "count": len(banks), "rows": banks}]
        assert s.get("/api/sets", source=1).json["sets"] == [{"name": "ten", "count": 2, "rows": [7, 3]}]
    assert {f: open(os.path.join(path, f), "rb").read() for f in files_under(path)} == before
    assert sorted(os.listdir(folder)) == ["reps", "view", "x.npy"] and os.listdir(os.path.join(folder, "view")) == ["marks.json"]
    # The data may be renamed: their sets are found by their content.
    os.rename(os.path.join(folder, "x.npy"), os.path.join(folder, "a.npy"))
    with Server(folder) as s:
        assert s.get("/api/sets", source=0).json["sets"][0]["name"] == "ten"
        old = s.ask("DELETE", "/api/sets/ten?source=0").json
        assert old["rows"] == [7, 3]  # what undo needs
        assert "no set 'ten'" in s.fails(404, "DELETE", "/api/sets/ten?source=0")
        assert s.get("/api/sets", source=0).json["sets"] == []
    # Other data of the same name have no sets.
    write_npy(os.path.join(folder, "a.npy"), [[r[0] + 1, 0, 0] for r in TABLE])
    with Server(folder) as s:
        assert s.get("/api/sets", source=0).json["sets"] == []
        assert s.get("/api/sets", source=1).json["sets"][0]["name"] == "the bank"


def a_single_file_has_a_file_of_its_own(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    write_set(folder)
    with Server(os.path.join(folder, "x.npy"), os.path.join(folder, "reps")) as s:
        for i in range(2):
            assert s.ask("PUT", f"/api/sets/a?source={i}", {"rows": [i]}).status == 200
    assert sorted(os.listdir(folder)) == ["reps", "reps.view.json", "x.npy", "x.npy.view.json"]
    assert "view" not in os.listdir(os.path.join(folder, "reps"))


def sets_combine(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as s:
        s.ask("PUT", "/api/sets/a?source=0", {"rows": [1, 2, 3]})
        s.ask("PUT", "/api/sets/b?source=0", {"rows": [3, 4]})
        for op, a, want in (("and", "a", [3]), ("or", "a", [1, 2, 3, 4]), ("not", "a", [1, 2]),
                            ("not", None, [0, 1, 2, 5, 6, 7, 8, 9])):
            body = {"source": 0, "op": op, "a": a, "b": "b", "name": "c"}
            assert s.post("/api/sets/combine", body).json == {"name": "c", "count": len(want)}, op
            assert s.get("/api/sets", source=0).json["sets"][-1] == {"name": "c", "count": len(want), "rows": want}
        assert [x["name"] for x in s.get("/api/sets", source=0).json["sets"]] == ["a", "b", "c"]
        bad = {"source": 0, "op": "and", "a": "a", "b": "b", "name": "d"}
        for change, part in (({"op": "xor"}, "one of and, or, not"), ({"a": "z"}, "no set 'z'"), ({"name": ""}, "name"),
                             ({"b": None}, "'b'"), ({"a": None}, "'a'"), ({"source": None}, "source")):
            assert part in s.fails(400, "POST", "/api/sets/combine", {**bad, **change}), change
        assert "'source'" in s.fails(400, "GET", "/api/sets")
        for rows, part in (([10], "out of range"), ([1, 1], "twice"), (None, "array"), ({"set": "a"}, "array")):
            assert part in s.fails(400, "PUT", "/api/sets/e?source=0", {"rows": rows}), rows


def two_viewers_of_one_folder_see_each_other(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    with Server(folder) as a, Server(folder) as b:
        a.ask("PUT", "/api/sets/one?source=0", {"rows": [1]})
        b.ask("PUT", "/api/sets/two?source=0", {"rows": [2]})
        assert [x["name"] for x in a.get("/api/sets", source=0).json["sets"]] == ["one", "two"]


def a_damaged_file_is_never_written_over(folder):
    write_npy(os.path.join(folder, "x.npy"), TABLE)
    os.makedirs(os.path.join(folder, "view"))
    marks = os.path.join(folder, "view", "marks.json")
    for text, part in (("{", "not JSON"), ('{"format": 2, "data": {}}', "format 2"), ('{"format": 1}', "data")):
        with open(marks, "w", encoding="utf-8") as out:
            out.write(text)
        with Server(folder) as s:
            reply = s.ask("PUT", "/api/sets/a?source=0", {"rows": [1]})
            assert reply.status == 400 and part in reply.error and "marks.json" in reply.error, reply.body
        assert open(marks, encoding="utf-8").read() == text


def a_place_that_cannot_be_written_says_so(folder):
    if os.geteuid() == 0:  # root may write anywhere: a file where the folder should be stops it, too
        os.makedirs(os.path.join(folder, "data"))
        with open(os.path.join(folder, "data", "view"), "w", encoding="utf-8") as out:
            out.write("in the way")
    else:
        os.makedirs(os.path.join(folder, "data"))
    write_npy(os.path.join(folder, "data", "x.npy"), TABLE)
    os.chmod(os.path.join(folder, "data"), 0o555)
    try:
        with Server(os.path.join(folder, "data")) as s:
            error = s.fails(409, "PUT", "/api/sets/a?source=0", {"rows": [1, 2]})
            assert "until the viewer ends" in error, error
            assert s.get("/api/sets", source=0).json["sets"][0]["rows"] == [1, 2]  # in memory
            assert s.get("/api/sets", source=0).json["sets"][0]["count"] == 2
    finally:
        os.chmod(os.path.join(folder, "data"), 0o755)


def shown(s, column, source=0):
    b = s.get(f"/api/sources/{source}/columns/{column}").block
    if "values" in b.arrays:
        return [None if v != v else v for v in b.arrays["values"]]
    return [b.meta["names"][c] if c >= 0 else None for c in b.arrays["codes"]]


def labels_are_edited_and_brought_back(folder):
    path, _ = write_set(folder)
    was = [topic for text, topic in SENTENCES for _ in text.split()]
    with Server(path) as s:
        assert shown(s, "topic") == was
        put = {"source": 0, "column": "topic", "rows": [0, 1, len(was) - 1], "value": "hand made"}
        answer = s.ask("PUT", "/api/tags", put).json
        assert answer == {"column": "topic", "rows": 3, "previous": [was[0], was[1], was[-1]]}, answer
        now = list(was)
        now[0] = now[1] = now[-1] = "hand made"
        assert shown(s, "topic") == now
        assert s.get("/api/sources/0/rows/1").json["columns"]["topic"] == "hand made"
        s.ask("PUT", "/api/tags", {"source": 0, "column": "topic", "rows": [1, 2], "value": [None, "x\u00e9"]})
        now[1], now[2] = None, "x\u00e9"
        assert shown(s, "topic") == now
        # A column of one's own, by a set, in numbers.
        s.ask("PUT", "/api/sets/two?source=0", {"rows": [3, 5]})
        s.ask("PUT", "/api/tags", {"source": 0, "column": "score", "rows": {"set": "two"}, "value": [0.1, 12]})
        score = shown(s, "score")
        assert abs(score[3] - 0.1) < 1e-8 and score[5] == 12 and score.count(None) == len(was) - 2
    with Server(path) as s:
        assert shown(s, "topic") == now and shown(s, "score")[5] == 12
        columns = [c["name"] for c in s.get("/api/sources/0").json["columns"]]
        assert columns == ["token", "topic", "position", "sequence", "token_id", "score"], columns
        gone = s.ask("DELETE", "/api/tags?source=0&column=topic").json
        assert shown(s, "topic") == was
        undo = {"source": 0, "column": "topic", "rows": gone["rows"], "value": gone["previous"]}
        assert s.ask("PUT", "/api/tags", undo).status == 200 and shown(s, "topic") == now
        s.ask("DELETE", "/api/tags?source=0&column=score")
        assert "no column 'score'" in s.fails(404, "GET", "/api/sources/0/columns/score")
        assert "no edited labels" in s.fails(404, "DELETE", "/api/tags?source=0&column=score")
        for change, part in (({"value": [1]}, "array of 2"), ({"value": {}}, "value"), ({"column": ""}, "name"),
                             ({"rows": None}, "rows"), ({"rows": [0, 99999]}, "out of range"),
                             ({"rows": {"set": "no"}}, "no set 'no'")):
            body = {"source": 0, "column": "topic", "rows": [0, 1], "value": "v", **change}
            assert part in s.fails(400, "PUT", "/api/tags", body), change
        assert shown(s, "topic") == now


def number_columns_keep_their_numbers(folder):
    path, _ = write_set(folder)
    with Server(path) as s:
        was = shown(s, "position")
        s.ask("PUT", "/api/tags", {"source": 0, "column": "position", "rows": [2], "value": 2.5})
        assert shown(s, "position") == was[:2] + [2.5] + was[3:]
        s.ask("PUT", "/api/tags", {"source": 0, "column": "position", "rows": [3], "value": "late"})
        assert shown(s, "position") == [f"{v:g}" for v in was[:2]] + ["2.5", "late"] + [f"{v:g}" for v in was[4:]]


def kept_tags(path):
    with open(path + ".view.json") as marks:
        (entry,) = json.load(marks)["data"].values()
    return entry["tags"]


def an_edit_that_is_undone_leaves_nothing(folder):
    path, _ = write_set(folder)
    with Server(path) as s:
        was = {column: shown(s, column) for column in ("topic", "position")}
        names_before = [c["name"] for c in s.get("/api/sources/0").json["columns"]]
        missing = was["topic"].index(None)
        edits = (("topic", [0, missing], "hand made"), ("topic", [0, missing], None), ("position", [2, 4], 0.1),
                 ("position", [2, 4], "late"), ("mine", [1, 2], "x"))
        for column, rows, value in edits:
            done = s.ask("PUT", "/api/tags", {"source": 0, "column": column, "rows": rows, "value": value}).json
            assert list(kept_tags(path)) == [column], kept_tags(path)
            undo = {"source": 0, "column": column, "rows": rows, "value": done["previous"]}
            assert s.ask("PUT", "/api/tags", undo).status == 200
            assert kept_tags(path) == {}, kept_tags(path)
            assert all(shown(s, name) == values for name, values in was.items())
        assert [c["name"] for c in s.get("/api/sources/0").json["columns"]] == names_before
        # What is not put back stays an edit.
        s.ask("PUT", "/api/tags", {"source": 0, "column": "topic", "rows": [0, 1], "value": "hand made"})
        s.ask("PUT", "/api/tags", {"source": 0, "column": "topic", "rows": [0], "value": was["topic"][0]})
        assert kept_tags(path) == {"topic": {"1": "hand made"}} and shown(s, "topic")[:2] == [was["topic"][0], "hand made"]


if __name__ == "__main__":
    sys.exit(main([
        sets_are_kept_beside_the_data, a_single_file_has_a_file_of_its_own, sets_combine,
        two_viewers_of_one_folder_see_each_other, a_damaged_file_is_never_written_over,
        a_place_that_cannot_be_written_says_so, labels_are_edited_and_brought_back,
        number_columns_keep_their_numbers, an_edit_that_is_undone_leaves_nothing,
    ]))
