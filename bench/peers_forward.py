"""Hidden states of all layers: gonio beside ONNX Runtime and PyTorch, round by round.

    peers_forward.py BENCH_FORWARD MODEL [--threads 1 2] [--rounds 7] [--cache DIR] [--text FILE]

Every round runs each engine once on each workload, in turn, so that a busy minute of the machine
hits all of them. All engines compute the same thing (float32, output of every layer) from the same
token ids. Workloads: 8 sequences of 128 tokens, 1 of 512, 64 sentences of about 12 tokens, and
with --text real sentences (a line each, or the column "text" of a .tsv), sorted by length and cut
into batches of about 2048 tokens, which is what an extraction does. gonio does not pad; the peers
get the same sorted batches, padded to the longest sentence of each batch and no further, and with
a mask only where something is padded.

The peers' best settings: OPENBLAS_CORETYPE unset; PyTorch with scaled dot product attention in
inference mode; ONNX Runtime with all graph optimisations, plain and with its own offline fusion
for BERT (attention, layer norm, GELU), whichever is faster in each workload. Prints one JSON line
per thread count. Rates are of wall time; tokens_per_cpu_s is of processor time, which a busy machine
disturbs less, and which counts the spinning of threads that wait. Needs torch, transformers,
tokenizers, onnx, onnxruntime, numpy.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.pop(name, None)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import onnxruntime
import torch
import transformers

FIRST_ID, BATCH_TOKENS, MAX_SENTENCES = 1000, 2048, 1024


def made_up(lengths, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(FIRST_ID, 20000, n).tolist() for n in lengths]


def sentences(path, folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".tsv":
        column = lines[0].split("\t").index("text")
        lines = [t.split("\t")[column] for t in lines[1:]]
    lines = [t for t in lines if t.strip()]
    step = max(1, len(lines) // MAX_SENTENCES)
    ids = [tokenizer.encode(t).ids for t in lines[::step][:MAX_SENTENCES]]
    batches, tokens = [[]], 0
    for s in sorted(ids, key=len):
        if tokens + len(s) > BATCH_TOKENS:
            batches, tokens = batches + [[]], 0
        batches[-1].append(s)
        tokens += len(s)
    return batches


def padded(batch):
    width = max(map(len, batch))
    ids, mask = np.zeros((len(batch), width), np.int64), np.zeros((len(batch), width), np.int64)
    for i, s in enumerate(batch):
        ids[i, : len(s)], mask[i, : len(s)] = s, 1
    return ids, mask


def clocks():
    return time.perf_counter(), time.process_time()


def elapsed(start):
    """(wall, processor) seconds."""
    return tuple(b - a for a, b in zip(start, clocks()))


class Gonio:
    name = "gonio"

    def __init__(self, program, folder, batches_file, threads):
        self.process = subprocess.Popen([program, str(folder), str(threads), batches_file, "-"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, workload, _batches):
        print(workload, file=self.process.stdin, flush=True)
        return tuple(map(float, self.process.stdout.readline().split()))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    name = "torch"

    def __init__(self, folder, threads):
        torch.set_num_threads(threads)
        self.model = transformers.AutoModel.from_pretrained(
            folder, attn_implementation="sdpa", dtype=torch.float32).eval()

    def run(self, _workload, batches):
        start = clocks()
        with torch.inference_mode():
            for ids, mask in batches:
                mask = None if mask.all() else torch.from_numpy(mask)
                self.model(input_ids=torch.from_numpy(ids), attention_mask=mask,
                           output_hidden_states=True)
        return elapsed(start)

    def close(self):
        pass


class Onnx:
    def __init__(self, path, threads, name):
        self.name = name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # Threads that spin between runs would run into the next engine's turn.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(str(path), options,
                                                    providers=["CPUExecutionProvider"])

    def run(self, _workload, batches):
        start = clocks()
        for ids, mask in batches:
            self.session.run(None, {"input_ids": ids, "attention_mask": mask})
        return elapsed(start)

    def close(self):
        pass


def export(folder, cache):
    """The model as ONNX graphs, plain and fused; made once. Shapes are free in both dimensions."""
    plain, fused = cache / "forward.onnx", cache / "forward-fused.onnx"
    if plain.exists() and fused.exists():
        return plain, fused
    cache.mkdir(parents=True, exist_ok=True)

    class States(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.AutoModel.from_pretrained(
                folder, attn_implementation="eager", dtype=torch.float32).eval()

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask,
                              output_hidden_states=True).hidden_states

    model = States().eval()
    n = model.model.config.num_hidden_layers + 1
    ids = torch.randint(FIRST_ID, 2000, (2, 9))
    inputs = ["input_ids", "attention_mask"]
    outputs = [f"layer_{i}" for i in range(n)]
    axes = {k: {0: "batch", 1: "tokens"} for k in inputs + outputs}
    torch.onnx.export(model, (ids, torch.ones_like(ids)), str(plain), input_names=inputs,
                      output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    c = model.model.config
    optimizer.optimize_model(str(plain), model_type="bert", num_heads=c.num_attention_heads,
                             hidden_size=c.hidden_size, optimization_options=FusionOptions("bert"),
                             opt_level=0).save_model_to_file(str(fused))
    return plain, fused


def check_peers(engine, peers, batch):
    """All peers must compute the same states, whatever was fused: each layer to 1e-4."""
    ids, mask = batch
    with torch.inference_mode():
        want = engine.model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask),
                            output_hidden_states=True).hidden_states
    for peer in peers:
        got = peer.session.run(None, {"input_ids": ids, "attention_mask": mask})
        for g, w in zip(got, want, strict=True):
            g, w = g[mask == 1], w.numpy()[mask == 1]
            error = np.linalg.norm(g - w) / np.linalg.norm(w)
            assert error < 1e-4, (peer.name, error)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("model", type=pathlib.Path)
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    p.add_argument("--text", type=pathlib.Path)
    a = p.parse_args()
    rng = np.random.default_rng(1)
    workloads = {"8x128": [made_up([128] * 8, 2)], "1x512": [made_up([512], 3)],
                 "64x12": [made_up(sorted(rng.integers(8, 17, 64)), 4)]}
    if a.text:
        workloads["text"] = sentences(a.text, a.model)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as f:
        for name, batches in workloads.items():
            print("#", name, file=f)
            for batch in batches:
                for s in batch:
                    print(*s, file=f)
                print(file=f)
    plain, fused = export(a.model, a.cache)
    inputs = {name: [padded(b) for b in batches] for name, batches in workloads.items()}
    tokens = {name: sum(len(s) for b in batches for s in b) for name, batches in workloads.items()}
    for threads in a.threads:
        engines = [Gonio(a.program, a.model, f.name, threads), Torch(a.model, threads),
                   Onnx(plain, threads, "onnxruntime"),
                   Onnx(fused, threads, "onnxruntime-fused")]
        check_peers(engines[1], engines[2:], padded(made_up([5, 9, 17], 5)))
        rows = []
        for w, name in enumerate(workloads):
            seconds = {e.name: [] for e in engines}
            for r in range(a.rounds + 1):
                for e in engines:
                    s = e.run(w, inputs[name])
                    if r:  # the first round warms up
                        seconds[e.name].append(s)
            wall = {k: sorted(t for t, _ in v) for k, v in seconds.items()}
            rate = {k: tokens[name] / statistics.median(v) for k, v in wall.items()}
            best = {k: tokens[name] / v[0] for k, v in wall.items()}
            cpu = {k: tokens[name] / statistics.median(t for _, t in v)
                   for k, v in seconds.items()}
            ort = max(rate["onnxruntime"], rate["onnxruntime-fused"])
            rows.append({"workload": name, "tokens": tokens[name],
                         "tokens_per_s": {k: round(v) for k, v in rate.items()},
                         "best": {k: round(v) for k, v in best.items()},
                         "tokens_per_cpu_s": {k: round(v) for k, v in cpu.items()},
                         "ratio_onnxruntime": round(rate["gonio"] / ort, 3),
                         "ratio_torch": round(rate["gonio"] / rate["torch"], 3)})
        for e in engines:
            e.close()
        print(json.dumps({"bench": "forward", "unit": "tokens/s, median", "threads": threads,
                          "rounds": a.rounds, "torch": torch.__version__,
                          "onnxruntime": onnxruntime.__version__, "rows": rows}), flush=True)
    os.unlink(f.name)


if __name__ == "__main__":
    sys.exit(main())
