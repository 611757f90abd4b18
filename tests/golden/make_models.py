"""Makes the tiny checkpoints and reference hidden states under tests/golden/models.

    python -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
    venv/bin/python tests/golden/make_models.py

Each folder is a Hugging Face checkpoint with random weights (seeded) and `reference.safetensors`:

    ids (T) int32, begin (n + 1) int32    sequences laid end to end
    block.0 ... block.L (T, d) float32    `hidden_states` of the public library
    attn.l, norm1.l, mlp.l                inside block l (first sequence set's takes.* models only)

The reference runs in float64 on the stored weights and is rounded to float32, so that it does not
depend on the machine that made it; the script checks that the library's own float32 run agrees
with it to 5e-6. Weights are drawn wide (attention peaked, GELU in its bend): the library's
initial 0.02 would leave every attention uniform and hide mistakes.
"""
import json
import pathlib
import shutil

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent / "models"
LENGTHS = [5, 1, 12, 3, 9]  # mixed on purpose; 1 = a lone token


def draw_weights(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=g)
        with torch.no_grad():
            if p.dim() == 1 and name.endswith("weight"):
                p.copy_(1 + 0.2 * noise)
            elif p.dim() == 1:
                p.copy_(0.3 * noise)
            elif "embed" in name or name.startswith(("wte", "wpe")):
                p.copy_(0.7 * noise)
            else:
                p.copy_(1.5 * noise / p.shape[-1] ** 0.5)


def batch(config, seed):
    g = torch.Generator().manual_seed(seed)
    # RoBERTa gives its padding token, id 1, another position: leave the special ones out.
    first = 4 if config.model_type == "roberta" else 0
    return [torch.randint(first, config.vocab_size, (n,), generator=g) for n in LENGTHS]


def hook_bert(model, store):
    base = getattr(model, "bert", None) or getattr(model, "roberta", None) or model
    def tap(l, before, after):
        def hook(_, args, out):
            store[f"{before}.{l}"], store[f"{after}.{l}"] = args[0], out
        return hook
    for l, layer in enumerate(base.encoder.layer, 1):
        layer.attention.output.LayerNorm.register_forward_hook(tap(l, "attn", "norm1"))
        layer.output.LayerNorm.register_forward_hook(tap(l, "mlp", "unused"))


def hook_gpt2(model, store):
    def tap(name):
        def hook(_, args, out):
            store[name] = out[0] if isinstance(out, tuple) else out
        return hook
    def before(name):
        def hook(_, args):
            store[name] = args[0]
        return hook
    for l, block in enumerate(model.h, 1):
        block.ln_1.register_forward_hook(tap(f"norm1.{l}"))
        block.ln_2.register_forward_pre_hook(before(f"attn.{l}"))
        block.register_forward_hook(tap(f"mlp.{l}"))


def run(model, sequences, takes):
    """All hidden states, each sequence alone, concatenated: {name: (T, d)}."""
    out, store = {}, {}
    if takes:
        takes(model, store)
    with torch.inference_mode():
        for ids in sequences:
            r = model(input_ids=ids[None], output_hidden_states=True)
            named = {f"block.{l}": h for l, h in enumerate(r.hidden_states)}
            named.update({k: v for k, v in store.items() if not k.startswith("unused")})
            for k, v in named.items():
                out.setdefault(k, []).append(v.reshape(len(ids), -1).clone())
    return {k: torch.cat(v) for k, v in out.items()}


def make(name, model, seed, takes=None, rename=None, dtype=torch.float32, shards=0, extra=None,
         config_edit=None, drop=None):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.eval()
    draw_weights(model, seed)
    model.to(dtype).to(torch.float32)  # what the file will hold
    sequences = batch(model.config, seed + 1)
    single = run(model, sequences, None)
    state = {k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}
    model.double()
    ref = run(model, sequences, takes)
    for k, v in single.items():
        e = ((v - ref[k]).norm() / ref[k].norm()).item()
        assert e < 5e-6, (name, k, e)
    state = {(rename(k) if rename else k): v for k, v in state.items()}
    state = {k: v for k, v in state.items() if not (drop and drop(k))}
    state.update(extra or {})
    config = json.loads(model.config.to_json_string(use_diff=False))
    keep = ["model_type", "architectures", "vocab_size", "hidden_size", "num_hidden_layers",
            "num_attention_heads", "intermediate_size", "hidden_act", "max_position_embeddings",
            "type_vocab_size", "layer_norm_eps", "pad_token_id", "dim", "hidden_dim", "n_layers",
            "n_heads", "activation", "n_embd", "n_head", "n_layer", "n_positions", "n_inner",
            "activation_function", "layer_norm_epsilon"]
    config = {k: config[k] for k in keep if config.get(k) is not None}
    config["architectures"] = [type(model).__name__]
    if config_edit:
        config_edit(config)
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    meta = {"format": "pt"}
    if shards:
        keys, where = sorted(state), {}
        for i in range(shards):
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = {k: state[k] for k in keys[i::shards]}
            save_file(part, folder / file, metadata=meta)
            where.update({k: file for k in part})
        index = {"metadata": {"total_size": sum(v.numel() * v.element_size() for v in state.values())},
                 "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    else:
        save_file(state, folder / "model.safetensors", metadata=meta)
    lengths = [len(s) for s in sequences]
    reference = {k: v.to(torch.float32).contiguous() for k, v in ref.items()}
    reference["ids"] = torch.cat(sequences).to(torch.int32)
    reference["begin"] = torch.tensor([0] + list(np.cumsum(lengths)), dtype=torch.int32)
    save_file(reference, folder / "reference.safetensors",
              metadata={"made by": f"torch {torch.__version__}, transformers {transformers.__version__}"})


def bert(**kw):
    base = dict(vocab_size=60, max_position_embeddings=24, type_vocab_size=2, hidden_act="gelu",
                attn_implementation="eager")
    return transformers.BertConfig(**{**base, **kw})


def old_names(k):
    return k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def main():
    torch.set_num_threads(1)
    T = transformers
    # d=20, 5 heads of 4, odd feed-forward width; pooler in the file; all takes.
    c = bert(hidden_size=20, num_attention_heads=5, num_hidden_layers=3, intermediate_size=33)
    make("bert-d20", T.BertModel(c), 11, takes=hook_bert)
    # Old names (gamma, beta), `bert.` prefix, pooler, the heads of pre-training, position_ids.
    c = bert(hidden_size=36, num_attention_heads=3, num_hidden_layers=1, intermediate_size=55,
             hidden_act="relu")
    make("bert-old", T.BertForPreTraining(c), 12, rename=old_names,
         extra={"bert.embeddings.position_ids": torch.arange(24)[None].contiguous()},
         config_edit=lambda d: d.pop("model_type"),
         drop=lambda k: k.startswith("cls.predictions.decoder."))
    # Wider than one panel of every kernel; no pooler; tanh GELU; one token type.
    c = bert(hidden_size=64, num_attention_heads=4, num_hidden_layers=1, intermediate_size=99,
             hidden_act="gelu_new", type_vocab_size=1, layer_norm_eps=1e-5)
    make("bert-d64", T.BertModel(c, add_pooling_layer=False), 13, takes=hook_bert)
    # Two shards, SiLU.
    c = bert(hidden_size=24, num_attention_heads=2, num_hidden_layers=3, intermediate_size=31,
             hidden_act="silu")
    make("bert-shards", T.BertModel(c, add_pooling_layer=False), 14, shards=2)
    # Half-width weights on disk.
    for name, dtype in (("bert-f16", torch.float16), ("bert-bf16", torch.bfloat16)):
        c = bert(hidden_size=36, num_attention_heads=3, num_hidden_layers=3, intermediate_size=41)
        make(name, T.BertModel(c, add_pooling_layer=False), 15, dtype=dtype)
    # No token types, other names, a head with its prefix.
    c = T.DistilBertConfig(vocab_size=60, dim=16, n_heads=2, n_layers=2, hidden_dim=21,
                           max_position_embeddings=24, attn_implementation="eager")
    make("distilbert-d16", T.DistilBertForMaskedLM(c), 17,
         drop=lambda k: k.startswith("vocab_"))
    # Positions from pad_token_id + 1; one token type; prefix.
    c = T.RobertaConfig(vocab_size=60, hidden_size=16, num_attention_heads=4, num_hidden_layers=1,
                        intermediate_size=19, max_position_embeddings=26, type_vocab_size=1,
                        pad_token_id=1, layer_norm_eps=1e-5, attn_implementation="eager")
    make("roberta-d16", T.RobertaForMaskedLM(c), 18, takes=hook_bert,
         drop=lambda k: k.startswith("lm_head"))
    # Pre-norm, causal, (in, out) weights, fused query-key-value, tanh GELU, final norm, d_ff = 4 d.
    c = T.GPT2Config(vocab_size=60, n_embd=20, n_head=2, n_layer=2, n_positions=24,
                     attn_implementation="eager", bos_token_id=0, eos_token_id=0)
    make("gpt2-d20", T.GPT2Model(c), 19, takes=hook_gpt2)


if __name__ == "__main__":
    main()
