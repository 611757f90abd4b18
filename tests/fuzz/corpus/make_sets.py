"""Makes the corpora of the fuzz targets reps, knn and tokenizer_config (NumPy 1.24 or later).
    python tests/fuzz/corpus/make_sets.py"""

import io
import json
import os

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def put(target, name, data):
    os.makedirs(os.path.join(here, target), exist_ok=True)
    with open(os.path.join(here, target, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def npy(values, dtype):
    out = io.BytesIO()
    np.save(out, np.array(values, dtype=dtype))
    return out.getvalue()


# reps: the first byte says which file of the set the rest is (fuzz_reps.c).
about = {"gonio": "0.1.0", "format": 1, "state": "complete", "rows": 3, "rows_written": 3, "dims": 2,
         "dtype": "float32",
         "layers": [{"index": 0, "depth": 0.5, "file": "layer.00.npy"}],
         "labels": [{"name": "genre", "file": "rows/genre"}]}
put("reps", "about", "\0" + json.dumps(about))
put("reps", "about-deep", "\0" + json.dumps({**about, "layers": [{**about["layers"][0], "depth": 1.5}]}))
put("reps", "layer", b"\1" + npy([[1, 2], [3, 4], [5, 6]], "<f4"))
put("reps", "codes", b"\2" + npy([0, 1, -1], "<i4"))
put("reps", "names", "\3news\nfiction")
put("reps", "vocab", "\4a\n\nb\r\n\u0141")
# knn: an even first byte for indices, an odd one for distances.
put("knn", "index", b"\0" + npy([[1], [0], [1], [0]], "<i4"))
put("knn", "distance", b"\1" + npy([[0, 1], [1, 1], [2, 3], [1, 2]], "<f4"))
# tokenizer_config.json and special_tokens_map.json
put("tokenizer_config", "plain", json.dumps(
    {"do_lower_case": False, "strip_accents": None, "tokenizer_class": "BertTokenizer", "unk_token": "[UNK]"}))
put("tokenizer_config", "tokens", json.dumps(
    {"cls_token": {"content": "<s>", "lstrip": True, "normalized": True},
     "additional_special_tokens": ["<new>", {"content": "x", "single_word": True, "rstrip": True}],
     "added_tokens_decoder": {"12": {"content": "New", "special": False}, "5": {"content": "<s>"}}}))
