"""Makes the tiny checkpoints that read text, and their hidden states, under tests/golden/models.

    python -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
    venv/bin/python tests/golden/make_text_models.py

gpt2-text and roberta-text belong to the tokenizers of tests/golden/bpe (make_bpe.py). Their
`reference.safetensors` hold what the public library gives for tests/golden/models/text.txt:

    line.ids (T) int32, line.begin (n + 1), line.L (T, d)         each line on its own
    window.ids, window.begin, window.L                            the lines as one stream, cut every 8 tokens

Weights and float64 reference as in make_models.py. Lines are encoded by the library's own tokenizer
classes, special tokens as they come (blank lines included in the stream).
"""
import json
import pathlib
import shutil

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer

import make_models as base

HERE = pathlib.Path(__file__).resolve().parent
LENGTH = 8
TEXT = """the river of light
It's the dog's water, isn't it?

 the angle between two vectors: 0.5\u00b0
na\u00efve caf\u00e9s \u4e2d\u6587 \U0001f600
the measure of the space of the light of the word
"""


def encode_gpt2(lines):
    tok = transformers.GPT2Tokenizer.from_pretrained(HERE / "bpe" / "gpt2")
    return [tok(line)["input_ids"] for line in lines]


def encode_roberta(lines):
    tok = Tokenizer.from_file(str(HERE / "bpe" / "roberta" / "tokenizer.json"))
    return [tok.encode(line).ids for line in lines]


def states(model, prefix, sequences, out):
    ids = [torch.tensor(s) for s in sequences if s]
    for name, x in base.run(model, ids, None).items():
        out[f"{prefix}.{name.removeprefix('block.')}"] = x.to(torch.float32).contiguous()
    out[f"{prefix}.ids"] = torch.cat(ids).to(torch.int32)
    out[f"{prefix}.begin"] = torch.tensor(np.cumsum([0] + [len(s) for s in ids]), dtype=torch.int32)


def make(name, model, seed, encode):
    folder = HERE / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.eval()
    base.draw_weights(model, seed)
    # kept as float16: three quarters of the file is the table of words
    model.to(torch.float16).to(torch.float32)
    save_file({k: v.to(torch.float16).contiguous() for k, v in model.state_dict().items()},
              folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads(model.config.to_json_string(use_diff=False))
    keep = ["model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "intermediate_size", "hidden_act", "max_position_embeddings", "type_vocab_size",
            "layer_norm_eps", "pad_token_id", "n_embd", "n_head", "n_layer", "n_positions", "n_inner",
            "activation_function", "layer_norm_epsilon"]
    config = {k: config[k] for k in keep if config.get(k) is not None}
    config["architectures"] = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    lines = TEXT.split("\n")[:-1]
    encoded, out = encode(lines), {}
    stream = [i for ids in encoded for i in ids]
    windows = [stream[i:i + LENGTH] for i in range(0, len(stream) - LENGTH, LENGTH)]
    model.double()
    states(model, "line", [ids for line, ids in zip(lines, encoded) if line.strip()], out)
    states(model, "window", windows, out)
    save_file(out, folder / "reference.safetensors", metadata={
        "made by": f"torch {torch.__version__}, transformers {transformers.__version__}"})


def main():
    torch.set_num_threads(1)
    T = transformers
    size = len(json.loads((HERE / "bpe" / "gpt2" / "vocab.json").read_text()))
    c = T.GPT2Config(vocab_size=size, n_embd=12, n_head=3, n_layer=3, n_positions=64,
                     attn_implementation="eager", bos_token_id=0, eos_token_id=0)
    make("gpt2-text", T.GPT2Model(c), 31, encode_gpt2)
    c = T.RobertaConfig(vocab_size=size + 4, hidden_size=12, num_attention_heads=2,
                        num_hidden_layers=2, intermediate_size=23, max_position_embeddings=66,
                        type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5,
                        attn_implementation="eager")
    make("roberta-text", T.RobertaModel(c, add_pooling_layer=False), 32, encode_roberta)
    (HERE / "models" / "text.txt").write_text(TEXT, encoding="utf-8")


if __name__ == "__main__":
    main()
