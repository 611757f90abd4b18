#!/usr/bin/env python3
"""gonio isotropy as a user meets it: rows against plain loops, figures, wrong use."""

import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import gonio, main, write_npy


def rows_of(*arguments, cwd):
    return json.loads(gonio(*arguments, "--json", cwd=cwd)[0])["rows"]


def isotropy_tells_types_and_repairs(folder):
    r = random.Random(3)
    d, n = 6, 240
    centre = [[r.gauss(0, 1) for _ in range(d)] for _ in range(30)]
    rows = [[3 + c + r.gauss(0, 1) for c in centre[i % 30]] for i in range(n)]
    write_npy(os.path.join(folder, "Y.npy"), rows, kind="f8")
    with open(os.path.join(folder, "t.csv"), "w", encoding="utf-8") as out:
        out.write("type,half\n" + "".join(f"w{i % 30},{'ab'[i % 2]}\n" for i in range(n)))

    def cosine(a, b):
        dot = sum(x * y for x, y in zip(a, b))
        return dot / (sum(x * x for x in a) * sum(x * x for x in b)) ** 0.5

    mean = [sum(row[j] for row in rows) / n for j in range(d)]
    arguments = ["isotropy", "Y.npy", "--types", "t.csv:type", "--clusters", "t.csv:half", "--repair",
                 "mean,top,whiten,zscore,cluster", "--null", "types,gaussian", "--by", "frequency", "--mev"]
    found = {}
    for row in rows_of(*arguments, cwd=folder):
        key = [row["measure"], row["variant"] or ""]
        found[tuple(key + [row.get(k) for k in ("repair", "by", "bin", "null", "eps", "rank")])] = row

    def value(measure, variant="", *rest):
        return found[(measure, variant, *rest, *[None] * (6 - len(rest)))]["value"]

    for variant, origin in (("raw", [0] * d), ("centred", mean)):
        y = [[a - b for a, b in zip(row, origin)] for row in rows]
        within = [[cosine(y[i], y[j]) for i in range(t, n, 30) for j in range(t, n, 30) if i != j]
                  for t in range(30)]
        between = [cosine(y[i], y[j]) for i in range(n) for j in range(n) if i % 30 != j % 30]
        assert abs(value("inter_cosine", variant) - sum(between) / len(between)) < 1e-12
        assert abs(value("intra_cosine", variant) - sum(map(sum, within)) / 30 / 56) < 1e-12
    pairs = [cosine(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j]
    assert abs(value("baseline_cosine") - sum(pairs) / len(pairs)) < 1e-12
    assert abs(value("inter_cosine", "raw", "mean") - value("inter_cosine", "centred")) < 1e-12
    assert abs(value("isoscore", "", "whiten") - 1) < 1e-12
    assert value("isoscore", "", "mean") == value("isoscore")
    halves = [value("intra_cosine", "raw", None, "t.csv:half", h) for h in "ab"]
    assert abs(value("intra_cosine", "raw", None, "t.csv:half", "mean") - sum(halves) / 2) < 1e-12
    assert value("intra_cosine", "raw", None, "frequency", "2-9") == value("intra_cosine", "raw")
    assert value("intra_cosine", "raw", None, None, None, "types") < value("intra_cosine", "raw") - 0.01
    assert 0 < value("mev", "adjusted") < value("mev", "raw") < 1
    first = gonio(*arguments, "--json", "--threads", "1", cwd=folder)[0]
    assert first == gonio(*arguments, "--json", "--threads", "2", cwd=folder)[0]
    cai = {r["measure"]: r for r in rows_of("isotropy", "Y.npy", "--types", "t.csv:type", "--compat", "cai2021",
                                            "--maxl", "0", cwd=folder)}
    assert cai["inter_cosine"]["value"] is None and "--maxl" in cai["inter_cosine"]["note"]
    assert abs(cai["intra_cosine"]["value"] - value("intra_cosine", "raw")) < 1e-12
    for plot in ("profile", "spectra", "rogue"):
        gonio("isotropy", "Y.npy", "--types", "t.csv:type", "--figure", f"{plot}.svg", "--plot", plot, cwd=folder)
        with open(os.path.join(folder, f"{plot}.csv"), encoding="utf-8") as numbers:
            lines = [line.split(",") for line in numbers.read().splitlines()]
        assert len(lines) > 3, plot
    shares = [r["value"] for r in sorted(found.values(), key=lambda r: r.get("rank") or 0)
              if r["measure"] == "rogue_dimension" and not r["variant"] == "zscore" and not r.get("first_position")]
    assert [float(line[2]) for line in lines[1:4]] == shares and shares == sorted(shares, reverse=True), lines
    out = gonio("isotropy", "Y.npy", "--repair", "mean", "-o", "repaired", cwd=folder)[0]
    assert out == "repaired: 240 rows x 1 layers of Y.npy, repaired: mean\n", out
    plain = {(r["measure"], r["variant"] or ""): r["value"]
             for r in rows_of("isotropy", "repaired", "--types", "t.csv:type", cwd=folder)}
    assert abs(plain["inter_cosine", "raw"] - value("inter_cosine", "centred")) < 1e-6
    assert abs(plain["inter_cosine", "raw"]) < 0.05 < value("inter_cosine", "raw")
    document = json.loads(gonio("isotropy", "Y.npy", "--repair", "mean", "-o", "repaired", "--json", cwd=folder)[0])
    assert document["conditions"]["output"] == "repaired" and not document["rows"]
    assert "repair.kind" in gonio("isotropy", "Y.npy", "--repair", "top", "-o", "repaired", cwd=folder, status=1)[1]
    gonio("isotropy", "Y.npy", "--repair", "cluster", "--clusters", "t.csv:half", "-o", "repaired", "--overwrite",
          cwd=folder)
    with open(os.path.join(folder, "repaired", "gonio.json"), encoding="utf-8") as about:
        assert json.load(about)["repair"]["kind"] == "cluster"
    for wrong in (["-o", "x"], ["--repair", "mean,top", "-o", "x"], ["--repair", "mean", "--overwrite"],
                  ["--repair", "mean", "-o", "x", "--csv"], ["--repair", "mean", "-o", "x", "Y.npy"]):
        gonio("isotropy", "Y.npy", *wrong, cwd=folder, status=64)
    for wrong in (["--repair", "glue"], ["--by", ""], ["--eps", "0.8,1"], ["--maxl", "1"], ["--null", "x"]):
        gonio("isotropy", "Y.npy", *wrong, cwd=folder, status=64)
    for bad, word in ((["--by", "position"], "positions"), (["--repair", "cluster"], "clusters"),
                      (["--by", "frequency"], "types"), (["--zeta", "2"], "zeta")):
        assert word in gonio("isotropy", "Y.npy", *bad, cwd=folder, status=1)[1]


if __name__ == "__main__":
    sys.exit(main([isotropy_tells_types_and_repairs]))
