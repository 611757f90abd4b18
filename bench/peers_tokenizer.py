#!/usr/bin/env python3
"""bench-tokenizer beside the public tokenizers library: the same lines, one core each, in turn.

    python bench/peers_tokenizer.py BUILD/bench/bench-tokenizer MODEL_DIR TEXT

Needs tokenizers (0.23.3 was used). Prints one JSON line with the medians of 5 and their ratio. The
library's encode_batch is timed, which leaves Python out of its loop; its results (ids, offsets,
tokens as strings) are made as always."""
import json
import os
import statistics
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402  (reads the variable when it is loaded)

program, model, path = sys.argv[1:4]
tok = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
tok.no_truncation()
tok.no_padding()
with open(path, encoding="utf-8") as f:
    lines = [line.rstrip("\r\n") for line in f if line.strip()]
size = sum(len(line.encode()) for line in lines) / 1e6
ours, theirs = [], []
for _ in range(5):
    ours.append(json.loads(subprocess.run([program, model, path, "5"], check=True,
                                          capture_output=True).stdout)["mb_per_s"])
    start = time.process_time()
    tok.encode_batch(lines)
    theirs.append(size / (time.process_time() - start))
row = {"bench": "tokenizer", "peer": "tokenizers " + tokenizers.__version__, "mb": round(size, 2),
       "ours_mb_per_s": statistics.median(ours), "peer_mb_per_s": round(statistics.median(theirs), 2)}
row["ratio"] = round(row["ours_mb_per_s"] / row["peer_mb_per_s"], 1)
print(json.dumps(row))
