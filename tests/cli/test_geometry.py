#!/usr/bin/env python3
"""Intrinsic dimension, overlaps, imbalance and density through the command line: golden values,
layers, several sets, what is refused."""

import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import GONIO, QUICK, Skip, files_under, gonio, main, read_npy, write_npy

SHARED = os.environ.get("GN_SHARED", "")


def need_golden():
    path = os.path.join(SHARED, "geometry", "golden.json")
    if not SHARED or not os.path.exists(path):
        raise Skip("no shared data")
    with open(path, encoding="utf-8") as text:
        golden = json.load(text)
    point = {name[0]: os.path.join(SHARED, "geometry", name) for name in
             ("A_gauss5in50.npy", "C_twoclusters20.npy", "D_duplicates.npy")}
    return golden, point


def rows_of(*arguments, cwd=None):
    return json.loads(gonio(*arguments, "--json", cwd=cwd)[0])["rows"]


def pick(rows, measure, variant=None, **parameters):
    return [r for r in rows if r["measure"] == measure and (variant or None) == r["variant"]
            and all(r.get(k) == v for k, v in parameters.items())]


def one(rows, measure, variant=None, **parameters):
    found = pick(rows, measure, variant, **parameters)
    assert len(found) == 1, (measure, variant, parameters, found)
    return found[0]


def near(got, want, tolerance=1e-6):
    assert abs(got - want) <= tolerance * max(1, abs(want)), (got, want)


def write_set(folder, name, layers, blocks, labels=None):
    """A representation set of {number: rows}, rows lists of floats."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.join(path, "rows"))
    n, d = len(next(iter(layers.values()))), len(next(iter(layers.values()))[0])
    about = {"gonio": "0.1.0", "format": 1, "state": "complete", "rows": n, "rows_written": n,
             "sequences": n, "sequences_done": n, "dims": d, "dtype": "float32", "labels": [],
             "layers": [{"index": i, "depth": i / blocks, "file": f"layer.{i:02}.npy"} for i in layers]}
    for i, rows in layers.items():
        write_npy(os.path.join(path, f"layer.{i:02}.npy"), rows)
    for column in ("token_id", "sequence", "position"):
        write_npy(os.path.join(path, "rows", f"{column}.npy"), range(n), kind="i4", shape=(n,))
    for label, codes in (labels or {}).items():
        names = sorted(set(codes))
        write_npy(os.path.join(path, "rows", f"{label}.npy"), [names.index(c) for c in codes], kind="i4",
                  shape=(n,))
        with open(os.path.join(path, "rows", f"{label}.txt"), "w", encoding="utf-8") as out:
            out.writelines(f"{c}\n" for c in names)
        about["labels"].append({"name": label, "file": f"rows/{label}", "classes": len(names)})
    with open(os.path.join(path, "gonio.json"), "w", encoding="utf-8") as out:
        json.dump(about, out)
    return path


def gauss(n, dims, width, seed):
    """n points of a Gaussian of `dims` dimensions, in `width` coordinates."""
    r = random.Random(seed)
    return [[r.gauss(0, 1) for _ in range(dims)] + [0.0] * (width - dims) for _ in range(n)]


def id_gives_the_golden_values(folder):
    golden, point = need_golden()
    for name in "AC":
        want = golden[name]
        rows = rows_of("id", point[name], "--range-max", 512, "--fraction", 0.95, "--binomial-ratio", 0.7,
                       "--decimation", "off")
        for variant in ("base_0.9", "base_0.98", "base_0.95"):
            dim, _, scale = want["twonn_base_fraction_" + variant[5:]]
            row = one(rows, "twonn", variant)
            near(row["value"], dim)
            near(row["scale"], scale)
        near(one(rows, "twonn", "ml")["value"], want["twonn_ml"][0])
        bayes = one(rows, "twonn", "bayes")
        near(bayes["value"], want["twonn_bayes_alpha2_beta5_mean_std_scale"][0])
        near(bayes["se"], want["twonn_bayes_alpha2_beta5_mean_std_scale"][1])
        gride = want["gride_range512"]
        for j, n1 in enumerate(gride["n1"]):
            row = one(rows, "gride", None, n1=n1)
            assert row["n2"] == 2 * n1
            near(row["value"], gride["ids"][j])
            near(row["se"], gride["err"][j])
            near(row["scale"], gride["scale"][j])
        row = one(rows, "binomial")
        for got, expected in zip((row["value"], row["se"], row["scale"]), want["binomial_k20_r0.7_mle"]):
            near(got, expected)
        # k* saw 100 neighbours there: the same number here
        rows = rows_of("id", point[name], "--decimation", "off")
        row = one(rows, "kstar_gride")
        assert row["k"] == 100
        near(row["value"], want["kstar_gride_5iter"]["ids"][5])
        near(row["se"], want["kstar_gride_5iter"]["err"][5])


def identical_rows_are_collapsed_or_left_in(folder):
    golden, point = need_golden()
    want = golden["D_duplicates"]
    rows = rows_of("id", point["D"])
    assert one(rows, "n_duplicates")["value"] == 20
    near(one(rows, "twonn", "base_0.9")["value"], want["twonn_base_0.9_after_removal"][0])
    for j in range(6):
        near(one(rows, "gride", None, n1=2 ** j)["value"], want["gride_after_removal"]["ids"][j])
        near(one(rows, "gride", None, n1=2 ** j)["se"], want["gride_after_removal"]["err"][j])
    document = json.loads(gonio("id", point["D"], "--compat", "dadapy", "--json")[0])
    assert document["conditions"]["compat"] == "dadapy"
    rows = document["rows"]
    row = one(rows, "twonn", "base_0.9")
    near(row["value"], want["twonn_base_from_raw_distances"][0])
    assert row["se"] == 0 and row["n"] == 450
    assert one(rows, "twonn", "ml")["value"] == 0
    # the first scale is the rounding of a matrix product there, so only said to be bad here
    assert one(rows, "gride", None, n1=1)["value"] < 2 and "identical" in one(rows, "gride", None, n1=1)["note"]
    for j in range(1, 6):
        near(one(rows, "gride", None, n1=2 ** j)["value"], want["gride_from_raw_distances"]["ids"][j])
        near(one(rows, "gride", None, n1=2 ** j)["se"], want["gride_from_raw_distances"]["err"][j])
    whole = one(rows_of("id", point["A"], "--compat", "dadapy", "--fraction", 1), "twonn", "base_1")
    near(whole["value"], golden["A"]["twonn_ml"][0])


def decimation_says_how_it_was_done(folder):
    golden, point = need_golden()
    curve = pick(rows_of("id", point["A"], "--seed", 7), "twonn_decimation")
    want = golden["A"]["twonn_scaling_base_0.9_seed42"]
    assert [r["n"] for r in curve] == want["sizes"]
    near(curve[0]["value"], want["ids"][0])
    assert curve[0]["error_rule"] == "asymptotic" and curve[0]["repeats"] == 1
    for j, row in enumerate(curve[1:], 1):
        assert row["repeats"] == round(2000 / row["n"]) and row["decimation"] == 2 ** j
        assert row["error_rule"] == "population sd / sqrt(repeats)"
        near(row["scale"], want["scale"][j], 0.05)
    near(curve[1]["value"], 5.0, 0.45 / 5)  # the bounds of the specification, mean of 2 and of 4
    near(curve[2]["value"], 5.1, 0.5 / 5.1)
    assert pick(rows_of("id", point["A"], "--seed", 7), "twonn_decimation") == curve
    assert pick(rows_of("id", point["A"], "--seed", 8), "twonn_decimation")[1:] != curve[1:]
    assert not pick(rows_of("id", point["A"], "--decimation", "off"), "twonn_decimation")


def profile_of(latent, n, width=64):
    return {i: gauss(n, dims, width, 100 + i) for i, dims in enumerate(latent)}


def a_profile_suggests_a_layer(folder):
    """Seven layers of known dimension: peak at 2, suggestion 4; a rising profile suggests none."""
    n = 500 if QUICK else 2000
    write_set(folder, "bump", profile_of((3, 8, 14, 6, 3, 5, 9), n), 6)
    out, _ = gonio("id", "bump", "--decimation", "off", cwd=folder)
    assert "bump: TwoNN suggests layer 4 (peak at layer 2); Gride suggests layer 4" in out, out[-400:]
    rows = rows_of("id", "bump", "--decimation", "off", cwd=folder)
    for layer, expected in enumerate((3.0, 7.7, 13.3, 6.0, 3.0, 5.1, 8.9)):
        row = one(rows, "twonn", "base_0.9", layer=layer)
        near(row["value"], expected, 0.2 if QUICK else 0.07)
        assert row["depth"] == layer / 6
    for profile in ("twonn base_0.9", "gride common"):
        assert one(rows, "layer_choice", "peak", profile=profile)["value"] == 2
        assert one(rows, "layer_choice", "suggested", profile=profile)["layer"] == 4
    scales = {r["n2"] for r in pick(rows, "gride", "common")}
    assert len(scales) == 1 and len(pick(rows, "gride", "common")) == 7
    assert len(pick(rows, "gride", "reported")) == 7
    sparse = rows_of("id", "bump", "--layers", "0,2,-1", "--decimation", "off", cwd=folder)
    assert [r["depth"] for r in pick(sparse, "twonn", "ml")] == [0, 2 / 6, 1]
    write_set(folder, "rise", profile_of((2, 4, 8), 300), 2)
    rows = rows_of("id", "rise", cwd=folder)
    row = one(rows, "layer_choice", "suggested", profile="twonn base_0.9")
    assert row["value"] is None and row["layer"] is None and row["note"] == "no prominent peak"
    assert "rise: TwoNN suggests no layer (no prominent peak)" in gonio("id", "rise", cwd=folder)[0]


def sets_of_one_name_are_told_apart(folder):
    for model, latent in (("a", (2, 5, 3)), ("b", (3, 6, 4))):
        write_set(folder, f"{model}/reps", profile_of(latent, 200, 8), 2)
    rows = rows_of("id", "a/reps/", "b/reps", "a/reps", "--figure", "two.svg", "--curve", "curve.png", cwd=folder)
    assert {r["set"] for r in rows} == {"a/reps", "b/reps", "a/reps (2)"}
    assert len(pick(rows, "twonn", "ml")) == 9
    assert len({r["n2"] for r in pick(rows, "gride", "common")}) == 1
    with open(os.path.join(folder, "two.csv"), encoding="utf-8") as numbers:
        lines = numbers.read().splitlines()
    assert len(lines) == 10 and sum(line.startswith("\"b/reps\",") for line in lines) == 3
    with open(os.path.join(folder, "curve.csv"), encoding="utf-8") as numbers:
        assert "b/reps, layer 1" in numbers.read()
    for name in ("two.svg", "curve.png"):
        assert os.path.getsize(os.path.join(folder, name)) > 1000


def wrong_choices_are_refused(folder):
    write_npy(os.path.join(folder, "X.npy"), gauss(60, 3, 4, 1))
    write_set(folder, "reps", profile_of((2, 3), 60, 4), 1)
    before = files_under(folder)
    for arguments, part in ((["id", "X.npy", "--layers", "1"], "X.npy"),
                            (["id", "reps", "--layers", "0-3"], "from 0 to 1"),
                            (["id", "X.npy", "--range-max", "5000"], "5000"),
                            (["id", "X.npy", "--fraction", "1"], "fraction 1"),
                            (["id", "X.npy", "--fraction", "-0.5"], "-0.5"),
                            (["id", "X.npy", "--binomial-ratio", "2"], "ratio 2"),
                            (["id", "X.npy", "--figure", "x.bmp"], "x.bmp"),
                            (["id", "X.npy", "--curve", "x"], "png")):
        out, err = gonio(*arguments, cwd=folder, status=1)
        assert not out and err.startswith("gonio: error: ") and err.count("\n") == 1, (arguments, err)
        assert part in err, (arguments, err)
    for arguments in (["id", "X.npy", "--decimation", "maybe"], ["id", "X.npy", "--compat", "matlab"],
                      ["id", "X.npy", "--figure", "x.png", "--curve", "x.png"]):
        out, err = gonio(*arguments, cwd=folder, status=64)
        assert not out and err.startswith("gonio id: "), (arguments, err)
    assert files_under(folder) == before


def overlaps_give_the_golden_values(folder):
    golden, point = need_golden()
    labels = os.path.join(SHARED, "geometry", "C_labels.npy")
    want = golden["C_label_overlap"]
    rows = rows_of("overlap", point["C"], "--labels", labels, "-k", "1,2,10,30,64")
    for k in (1, 2, 10, 30, 64):
        near(one(rows, "label_overlap", "weighted", k=k)["value"], want[f"k{k}_weighted"], 1e-12)
        near(one(rows, "label_overlap", "plain", k=k)["value"], want[f"k{k}_unweighted"], 1e-12)
    row = one(rows, "label_overlap", "plain", k=1)
    assert row["label"] == "C_labels.npy" and row["n_classes"] == 2 and row["ceiling"] == 1
    for f in (0.01, 0.05, 0.1):
        for compat in ("none", "dadapy"):
            rows = rows_of("overlap", point["C"], "--labels", labels, "--class-fraction", f, "--compat", compat)
            row = one(rows, "label_overlap", "weighted", class_fraction=f)
            near(row["value"], want[f"class_fraction{f}_weighted"], 1e-12)
            assert "k" not in row and "ceiling" not in row
            near(one(rows, "label_overlap", "plain")["value"], want[f"class_fraction{f}_unweighted"], 1e-12)
    rows = rows_of("overlap", point["A"], point["C"], "-k", "1,10,30,64")
    for k in (1, 10, 30, 64):
        row = one(rows, "data_overlap", None, k=k)
        near(row["value"], golden["data_overlap"][f"A_vs_C_k{k}"], 1e-12)
        near(row["chance"], k / 1999, 1e-12)
    rows = rows_of("overlap", point["A"], point["A"], "-k", "1,64")
    assert [r["value"] for r in rows] == [1, 1] and rows[0]["other_set"].endswith(" (2)")


def imbalance_gives_the_golden_values(folder):
    golden, point = need_golden()
    _, flat = read_npy(point["A"])
    first = os.path.join(folder, "first10.npy")
    write_npy(first, [flat[50 * i:50 * i + 10] for i in range(2000)])
    for other, name in ((point["C"], "A__C"), (first, "A__A_first10cols")):
        rows = rows_of("imbalance", point["A"], other, "-k", "1,5")
        assert len(rows) == 4
        for k in (1, 5):
            want = golden["information_imbalance"][f"{name}_k{k}"]
            there, back = pick(rows, "information_imbalance", None, k=k, set="A_gauss5in50.npy"), \
                pick(rows, "information_imbalance", None, k=k, other_set="A_gauss5in50.npy")
            near(there[0]["value"], want["first_to_second"], 1e-12)
            near(back[0]["value"], want["second_to_first"], 1e-12)
    rows = rows_of("imbalance", point["A"], point["C"], "--compat", "dadapy")
    near(rows[1]["value"] + rows[0]["value"], 1.007762 + 0.9843505, 1e-12)
    assert all(r["se"] == 0 for r in rows)  # up to 4,000 rows it sees one group


def imbalance_in_groups_as_dadapy(folder):
    n = 6000  # three groups of 2,000
    r = random.Random(3)
    x = [[r.gauss(0, 1) for _ in range(3)] for _ in range(n)]
    write_npy(os.path.join(folder, "x.npy"), x)
    write_npy(os.path.join(folder, "y.npy"), [row[:2] for row in x])
    whole, groups = (rows_of("imbalance", "x.npy", "y.npy", "--compat", c, cwd=folder)
                     for c in ("none", "dadapy"))
    assert all(row["n"] == n for row in whole + groups)
    for a, b in zip(whole, groups):
        # fewer points lie farther apart: the values differ by more than noise, but not by much
        assert 0.5 < b["value"] / a["value"] < 4 and b["value"] != a["value"] and b["se"] > 0
    same = rows_of("imbalance", "x.npy", "x.npy", "--compat", "dadapy", cwd=folder)
    assert all(row["value"] == 2 / 2000 and row["se"] == 0 for row in same)
    cut = rows_of("imbalance", "x.npy", "x.npy", "--compat", "dadapy", "--max-rows", 4001, cwd=folder)
    # 2,001 and 2,000: groups of unequal size, so the second is dropped
    assert all(row["value"] == 2 / 2001 and row["n"] == 2001 for row in cut)


def neighbours_of_the_own_group_are_left_out(folder):
    r = random.Random(4)
    n, k = 120, 5
    x = [[r.gauss(0, 1), r.gauss(0, 1)] for _ in range(n)]
    label = [r.randrange(3) for _ in range(n)]
    group = [r.randrange(12) for _ in range(n)]
    write_npy(os.path.join(folder, "x.npy"), x)
    with open(os.path.join(folder, "t.csv"), "w", encoding="utf-8") as out:
        out.write("label,group\n")
        out.writelines(f"L{l},{'' if i == 7 else g}\n" for i, (l, g) in enumerate(zip(label, group)))
    share = []
    for i in range(n):
        order = sorted((j for j in range(n) if j != i),
                       key=lambda j: sum((a - b) ** 2 for a, b in zip(x[i], x[j])))
        usable = [j for j in order if 7 in (i, j) or group[j] != group[i]][:k]
        share.append(sum(label[j] == label[i] for j in usable) / k)
    rows = rows_of("overlap", "x.npy", "--labels", "t.csv:label", "--exclude-group", "t.csv:group", "-k", k,
                   cwd=folder)
    row = one(rows, "label_overlap", "plain")
    near(row["value"], sum(share) / n, 1e-12)
    assert row["n_short"] == 0 and row["excluded_group"] == "t.csv:group" and "ceiling" not in row


def groups_may_be_larger_than_lists(folder):
    # the 1,199 nearest rows of each row are of its own group; its label is that of the nearest outside
    n, r = 2400, random.Random(8)
    x = [[1000 * (i % 2), 50 * (i // 2 % 3) + r.gauss(0, 1)] for i in range(n)]
    write_npy(os.path.join(folder, "x.npy"), x)
    with open(os.path.join(folder, "t.csv"), "w", encoding="utf-8") as out:
        out.write("label,group\n")
        out.writelines(f"L{i // 2 % 3},{i % 2}\n" for i in range(n))
    rows = rows_of("overlap", "x.npy", "--labels", "t.csv:label", "--exclude-group", "t.csv:group", "-k", 50,
                   cwd=folder)
    for variant in ("plain", "weighted"):
        row = one(rows, "label_overlap", variant)
        assert row["value"] == 1 and row["n"] == n and row["n_short"] == 0, row
        near(row["chance"], 1 / 3, 1e-12)


def sets_with_few_layers_compare_them_by_number(folder):
    n = 150
    layers = profile_of((2, 3, 5, 4), n, 6)
    write_set(folder, "m", {0: layers[0], 3: layers[1], 6: layers[2], 12: layers[3]}, 12,
              {"half": [i % 2 for i in range(n)], "third": [i % 3 for i in range(n)]})
    write_set(folder, "w/m", {0: layers[1], 1: layers[2]}, 1, {"half": [i % 2 for i in range(n)]})
    files = ["--figure", "heat.png", "--profile", "depth.svg", "--curve", "k.pdf"]
    rows = rows_of("overlap", "m", "--layers", "0,3,12", "-k", "4,9", *files, cwd=folder)
    assert [(r["layer"], r["other_layer"]) for r in rows if r["k"] == 4] == [(0, 3), (0, 12), (3, 12)]
    with open(os.path.join(folder, "heat.csv"), encoding="utf-8") as numbers:
        cells = dict(((int(a), int(b)), v) for a, b, v in
                     (line.strip().split(",") for line in numbers.readlines()[1:]))
    assert set(cells) == {(a, b) for a in (0, 3, 12) for b in (0, 3, 12)}
    near(float(cells[12, 3]), one(rows, "data_overlap", None, layer=3, other_layer=12, k=4)["value"], 1e-15)
    assert cells[3, 12] == cells[12, 3] and cells[3, 3] == ""
    with open(os.path.join(folder, "depth.csv"), encoding="utf-8") as numbers:
        assert [line.split(",")[1] for line in numbers.readlines()[1:]] == ["0.25", "1"]
    rows = rows_of("imbalance", "m", "w/m", "--layers", "0", "--figure", "heat.png", cwd=folder)
    assert {(r["set"], r["other_set"]) for r in rows} == {("m", "w/m"), ("w/m", "m")}
    rows = rows_of("overlap", "m", "w/m", "--within", "--labels", "half", "-k", "4,9", "--profile", "p.png",
                   "--curve", "c.png", cwd=folder)
    assert len(pick(rows, "data_overlap")) == 2 * (6 + 1)
    assert len(pick(rows, "label_overlap", "plain", set="w/m", k=9)) == 2
    rows = rows_of("overlap", "m", "--labels", "half,third", "--labels-only", cwd=folder)
    assert {r["label"] for r in rows} == {"half", "third"} and not pick(rows, "data_overlap")
    assert len(rows) == 2 * 2 * 4
    before = files_under(folder)
    for arguments, status, part in (
            (["id", "m", "m", "m", "--curve", "c.png"], 64, "12 lines"),
            (["id", "m", "--curve", "c.png", "--estimator", "twonn", "--decimation", "off"], 64, "which is off"),
            (["overlap", "m", "m", "m", "--within", "-k", "2,3", "--curve", "c.png"], 64, "12 lines"),
            (["overlap", "m", "m", "m"], 64, "--within"), (["overlap", "m", "-k", "3,,4"], 64, "3,,4"),
            (["overlap", "m", "-k", "0"], 64, "0"), (["overlap", "m", "-k", "3", "--curve", "c.svg"], 64, "list"),
            (["overlap", "m", "m", "--within", "--figure", "f.png"], 64, "--profile"),
            (["overlap", "m", "--exclude-group", "half"], 64, "--labels"),
            (["overlap", "m", "--labels-only"], 64, "--labels"),
            (["overlap", "m", "w/m", "--profile", "f.png"], 64, "4 and 2"),
            (["overlap", "m", "--labels", "half", "--class-fraction", "2"], 1, "fraction 2"),
            (["overlap", "m", "--labels", "nothing"], 1, "nothing"),
            (["overlap", "m", "--profile", "f.gif"], 1, "gif"),
            (["imbalance", "m", "--layers", "0,1"], 1, "m: layers \"0,1\" name layer 1")):
        out, err = gonio(*arguments, cwd=folder, status=status)
        assert not out and part in err, (arguments, err)
    assert files_under(folder) == before


def densities_give_the_golden_values(folder):
    golden, point = need_golden()
    for name, sizes in (("A", [2000]), ("C", [1998, 2])):
        want = golden[name]
        out = os.path.join(folder, name)
        rows = rows_of("density", point[name], "--compat", "dadapy", "-o", out)
        kstar = want["kstar_alpha1e-6_maxk100"]
        near(one(rows, "kstar", "mean")["value"], kstar["mean"], 1e-12)
        assert (one(rows, "kstar", "min")["value"], one(rows, "kstar", "max")["value"]) == (kstar["min"], kstar["max"])
        for variant, key in (("knn", "kNN10_logden"), ("kstar", "kstarNN_logden"), ("pak", "PAk_logden")):
            row = one(rows, "log_density", variant)
            near(row["value"], want[key]["mean"])
            near(row["sd"], want[key]["std"])
        _, rho = read_npy(os.path.join(out, "layer.00.log_density.npy"))
        for got, expected in zip(rho, want["PAk_logden"]["first5"]):
            near(got, expected)
        _, k = read_npy(os.path.join(out, "layer.00.kstar.npy"))
        assert sum(k) == kstar["sum"]
        _, se = read_npy(os.path.join(out, "layer.00.log_density_se.npy"))
        near(se[7], ((4 * k[7] + 2) / (k[7] * (k[7] - 1))) ** 0.5)
        _, cluster = read_npy(os.path.join(out, "layer.00.cluster.npy"))
        found = sorted((cluster.count(c) for c in set(cluster)), reverse=True)
        assert found == sorted(want["ADP_on_PAk_Z1.65_purepython"]["sizes"], reverse=True) == sizes
        assert one(rows, "n_clusters")["value"] == len(sizes)
        assert one(rows, "cluster_size", "max")["value"] == sizes[0]
        # without the early stop the maximum itself: near, not equal
        pak = one(rows_of("density", point[name]), "log_density", "pak")["value"]
        assert 1e-6 < abs(pak - want["PAk_logden"]["mean"]) < 0.01
        out = os.path.join(folder, name + ".csv")
        gonio("density", point[name], "--density", "kstar", "-o", out, "--quiet")
        with open(out, encoding="utf-8") as lines:
            table = [line.strip().split(",") for line in lines]
        assert table[0] == "set,layer,row,log_density,se,kstar,cluster,halo".split(",")
        assert [int(t[2]) for t in table[1:]] == list(range(2000))
        for t, expected in zip(table[1:], want["kstarNN_logden"]["first5"]):
            near(float(t[3]), expected)
        codes = [t[6] for t in table[1:]]
        assert sorted(map(codes.count, set(codes)), reverse=True) == sorted(
            want["ADP_on_kstarNN_Z1.65_purepython"]["sizes"], reverse=True)


def every_row_gets_its_density(folder):
    r = random.Random(6)
    x = [[r.gauss(0, 1) for _ in range(3)] for _ in range(90)]
    x[40] = x[5]
    x[41] = x[5]
    layers = {0: x, 2: [row[::-1] for row in x]}
    write_set(folder, "m", layers, 2, {"half": [i % 2 for i in range(90)]})
    write_set(folder, "w/m", layers, 2)
    gonio("density", "m", "-o", "points", cwd=folder)
    names = ("cluster", "halo", "kstar", "log_density", "log_density_se")
    assert files_under(os.path.join(folder, "points")) == [f"layer.{i}.{name}.npy" for i in ("00", "02") for name in names]
    _, rho = read_npy(os.path.join(folder, "points/layer.02.log_density.npy"))
    assert len(rho) == 90 and rho[40] == rho[41] == rho[5] and len(set(rho)) == 88
    gonio("density", "m", "--max-rows", 60, "-o", "sample", cwd=folder)
    _, part = read_npy(os.path.join(folder, "sample/layer.00.log_density.npy"))
    _, code = read_npy(os.path.join(folder, "sample/layer.00.cluster.npy"))
    assert sum(value == value for value in part) == 60
    assert all((value == value) == (c >= 0) for value, c in zip(part, code))
    rows = rows_of("density", "m", "w/m", "--layers", "2", "-o", "both", cwd=folder)
    assert {row["set"] for row in rows} == {"m", "w/m"} and {row["layer"] for row in rows} == {2}
    assert len(files_under(os.path.join(folder, "both/w/m"))) == 5
    gonio("density", "m", "--labels", "half", "--figure", "ari.svg", cwd=folder)
    with open(os.path.join(folder, "ari.csv"), encoding="utf-8") as numbers:
        assert [line.split(",")[1] for line in numbers.readlines()[1:]] == ["0", "1"]
    before = files_under(folder)
    for arguments, status, part in ((["density", "m", "m", "-o", "x.csv"], 64, "x.csv"),
                                    (["density", "m/layer.00.npy", "--figure", "x.png"], 64, "several"),
                                    (["density", "m", "--density", "knn"], 64, "pak, kstar"),
                                    (["density", "m", "--dim", "-1"], 1, "-1"),
                                    (["density", "m", "-o", "m/layer.00.npy/x"], 1, "layer.00.npy")):
        out, err = gonio(*arguments, cwd=folder, status=status)
        assert not out and part in err, (arguments, err)
    assert files_under(folder) == before


def stopped_work_leaves_nothing(folder):
    """Ctrl-C in a long decimation and in a long search: status 130, one sentence, no files."""
    r = random.Random(5)
    n, d = 30000, 32
    with open(os.path.join(folder, "big.npy"), "wb") as out:
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {d}), }}"
        header += " " * (63 - (len(header) + 10) % 64) + "\n"
        out.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        block = bytearray(r.randbytes(4 * n * d))
        block[3::4] = bytes(0x3f for _ in range(n * d))  # exponents of numbers from 0.5 to 2
        out.write(block)
    slow = ["--cpu", "scalar", "--threads", "1"]
    for command in (["id", "big.npy", "--decimation", "on", "--figure", "x.png"],
                    ["imbalance", "big.npy", "big.npy", "--curve", "x.svg", "-k", "1,2"],
                    ["density", "big.npy", "-o", "out.csv"]):
        process = subprocess.Popen([GONIO, *command, *slow], cwd=folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        text, err = process.communicate(timeout=60)
        assert process.returncode == 130 and not text, (command, process.returncode, err)
        assert err.count("\n") == 1 and "interrupted" in err, err
        assert files_under(folder) == ["big.npy"], command


def tables_end_well_in_a_pipe(folder):
    write_set(folder, "m", profile_of((2, 3, 4), 80, 5), 2, {"half": [i % 2 for i in range(80)]})
    for command in ("id m", "overlap m --labels half", "imbalance m", "density m"):
        done = subprocess.run(f"'{GONIO}' {command} | head -n 1", shell=True, capture_output=True, text=True,
                              cwd=folder, executable="/bin/bash")
        assert done.stdout.startswith("set") and not done.stderr, (command, done)


if __name__ == "__main__":
    sys.exit(main([id_gives_the_golden_values, identical_rows_are_collapsed_or_left_in,
                   decimation_says_how_it_was_done, a_profile_suggests_a_layer,
                   sets_of_one_name_are_told_apart, wrong_choices_are_refused,
                   overlaps_give_the_golden_values, imbalance_gives_the_golden_values,
                   imbalance_in_groups_as_dadapy, neighbours_of_the_own_group_are_left_out,
                   groups_may_be_larger_than_lists, sets_with_few_layers_compare_them_by_number,
                   densities_give_the_golden_values, every_row_gets_its_density, stopped_work_leaves_nothing,
                   tables_end_well_in_a_pipe]))
