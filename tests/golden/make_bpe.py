#!/usr/bin/env python3
"""Golden data for the byte-level BPE tests, from the public `tokenizers` library.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python tests/golden/make_bpe.py             writes tests/golden/bpe/
    venv/bin/python tests/golden/make_bpe.py --classes   prints what Unicode 15 does not say of letters
                                                         and numbers (src/text/unicode_data.c)

Two tokenizers with the same merges, trained on WordNet's glosses (Debian package wordnet-base):

    gpt2/      vocab.json, merges.txt, tokenizer_config.json; nothing is put around a text
    roberta/   tokenizer.json; <s> and </s> around, a space in front, places without white space

Formats as in make_tokenizer.py, whose texts and digests are used here.
"""
import json
import os
import random
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors, trainers

import make_tokenizer as base

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe")
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>"]


def path(*parts):
    target = os.path.join(HERE, *parts)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    return target


def write(name, lines):
    with open(path(name), "w", encoding="ascii") as f:
        f.write("# tests/golden/make_bpe.py, tokenizers %s\n" % tokenizers.__version__)
        f.writelines(line + "\n" for line in lines)


def dump(value, *parts):
    with open(path(*parts), "w", encoding="ascii") as f:
        json.dump(value, f, separators=(",", ":"))
        f.write("\n")


def glosses():
    for part in ("noun", "verb", "adj", "adv"):
        with open("/usr/share/wordnet/data.%s" % part, encoding="utf-8") as f:
            for line in f:
                if "|" in line:
                    yield line[line.index("|") + 1:].strip(" \r\n")


# ---- the two tokenizers --------------------------------------------------------------------------
def train(texts, size):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(tok.to_str())["model"]
    return model["vocab"], [tuple(m) for m in model["merges"]]


def gpt2(vocabulary, merges):
    vocabulary = dict(vocabulary)
    vocabulary["<|endoftext|>"] = len(vocabulary)
    os.makedirs(path("gpt2"), exist_ok=True)
    dump(vocabulary, "gpt2", "vocab.json")
    with open(path("gpt2", "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n")
        f.writelines("%s %s\n" % m for m in merges)
    dump({"tokenizer_class": "GPT2Tokenizer"}, "gpt2", "tokenizer_config.json")
    tok = Tokenizer(models.BPE(vocabulary, merges, continuing_subword_prefix="",
                               end_of_word_suffix=""))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return tok


def roberta(vocabulary, merges):
    shifted = {t: i for i, t in enumerate(ROBERTA)}
    shifted.update({t: i + len(ROBERTA) for t, i in vocabulary.items()})
    shifted["<mask>"] = len(shifted)
    tok = Tokenizer(models.BPE(shifted, merges, continuing_subword_prefix="", end_of_word_suffix=""))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tok.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True,
                                                      add_prefix_space=True)
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ROBERTA])
    tok.add_special_tokens([AddedToken("<mask>", special=True, lstrip=True, normalized=False)])
    with open(path("roberta", "tokenizer.json"), "w", encoding="ascii") as f:
        json.dump(json.loads(tok.to_str()), f, separators=(",", ":"))
        f.write("\n")
    return tok


# ---- texts ---------------------------------------------------------------------------------------
def adversarial(rnd):
    hand = [
        "it's we're I've I'm you'll she'd can't 'tis IT'S 'S ' s'", "''s'''t 'r 're'r", " 's  'll",
        "a  b   c", "a \n b", "a\n\n\nb", "  \n", "\t\tx", "a\u00a0b \u00a0c", "a \u3000 b\u3000",
        "x\u2028y\u0085z", "1st 2nd \u00b2\u00bd\u2167 1\u0665x", "snake_case __init__ a-b-c ...!?",
        "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|> <|endoftext|>", "<mask>", "a <mask> b",
        "a   <mask>   b", "<mask><mask>", "<s>a</s>", "<pad><unk>", "\n<mask>\n", "\u00e9<mask>\u00e9",
        "<mask>\u4e2d", "<mask>\nx", " <s> x", "\nhello", "\u4e2d\u6587", "\u200b\u200b", "a" * 300,
        "-" * 500, "ab" * 500, " " * 70, "\u0120hello \u010a", "\u00c2\u00a0", "e\u0301\u0302", "\ufeffx",
    ]
    pool = list("aeinorst  '''\n\t.,1") + ["'s", "'re", " the", "ing", "\u00e9", "\u4e2d", "\u00a0",
                                           "\u2003", "<mask>", "<|endoftext|>", "\U0001F600", "<s>"]
    out = [("hand", t) for t in hand]
    for _ in range(150):
        out.append(("pattern", "".join(rnd.choice(pool) for _ in range(rnd.randint(1, 30)))))
    return out + [t for t in base.adversarial(rnd) if t[0] != "words"][::4]


def write_texts(toks, rnd):
    lines = []
    for kind, text in adversarial(rnd):
        for name, tok in toks:
            tokens = " ".join("%d:%d:%d:%d" % t for t in zip(*base.encode(tok, text)))
            lines.append("%s\t%s\t%s\t%s" % (name, kind, text.encode().hex(), tokens))
    write("adversarial.tsv", lines)


def write_codepoints(toks):
    """Every code point inside a word, behind a word, alone: a digest for each 4,096."""
    lines = []
    for block in range(0, 0x110000, 4096):
        digests = [base.Digest() for _ in toks]
        for cp in range(block, block + 4096):
            if 0xD800 <= cp < 0xE000:
                continue
            c = chr(cp)
            for d, (_, tok) in zip(digests, toks):
                d.text(base.encode(tok, "the" + c + "river " + c + " a" + c + "\u0327"))
        lines.append("%06x %016x %016x" % (block, digests[0].h, digests[1].h))
    write("codepoints.txt", lines)


def write_wordnet(toks):
    lines, digests, n = [], [base.Digest() for _ in toks], 0
    for text in glosses():
        for d, (_, tok) in zip(digests, toks):
            d.text(base.encode(tok, text))
        n += 1
        if n % 2000 == 0:
            lines.append("%d %016x %016x" % (n, digests[0].h, digests[1].h))
    lines.append("%d %016x %016x" % (n, digests[0].h, digests[1].h))
    write("wordnet.txt", lines)


# ---- settings ------------------------------------------------------------------------------------
def write_settings(rnd):
    """Tokenizers with random merges, settings and added tokens: one JSON object a line."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pool = list("aab  .'\n\t1") + ["\u00e9", "\u4e2d", "\u00a0", "foo", "Foo", "<x>", "<m>", "<s>", "b b",
                                   "\u3000", "ab", "\U0001F600", "'s"]
    flip = lambda: rnd.random() < 0.5
    lines = []
    while len(lines) < 30:
        vocabulary = {t: i for i, t in enumerate(["<s>", "</s>", "<m>"] + alphabet)}
        merges, pieces = [], list("abfo") + ["\u0120", "\u010a", "\u00c3", "\u00a9", "."]
        for _ in range(rnd.randint(0, 25)):
            pair = (rnd.choice(pieces), rnd.choice(pieces))
            merges.append(pair)
            if "".join(pair) not in vocabulary:
                vocabulary["".join(pair)] = len(vocabulary)
                pieces.append("".join(pair))
        tok = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=rnd.random() < 0.2))
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=flip())
        around = processors.TemplateProcessing(single="<s> $A </s>",
                                               special_tokens=[("<s>", 0), ("</s>", 1)])
        tok.post_processor = rnd.choice([
            processors.ByteLevel(trim_offsets=flip()), around,
            processors.RobertaProcessing(("</s>", 1), ("<s>", 0), flip(), flip()),
            processors.Sequence([processors.ByteLevel(trim_offsets=flip()), around])])
        for text in rnd.sample(["<m>", "foo", "<x>", "b b", "\u00e9", "<s>", " a", "Foo"],
                               rnd.randint(0, 4)):
            tok.add_tokens([AddedToken(text, special=flip(), single_word=flip(), lstrip=flip(),
                                       rstrip=flip(), normalized=flip())])
        tok = Tokenizer.from_str(tok.to_str())
        texts = []
        for _ in range(16):
            text = "".join(rnd.choice(pool) for _ in range(rnd.randint(0, 14)))
            texts.append([text.encode().hex()] + [list(x) for x in base.encode(tok, text)])
        lines.append(json.dumps({"tokenizer": json.loads(tok.to_str()), "texts": texts},
                                separators=(",", ":")))
    with open(path("settings.jsonl"), "w", encoding="ascii") as f:
        f.writelines(line + "\n" for line in lines)


def print_classes():
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alone = lambda text: len(split.pre_tokenize_str(text)) == 1
    old = lambda c: unicodedata.category(c)[0]
    base.print_ranges("letter", (ord(c) for c in base.ALL if alone("a" + c) and old(c) != "L"))
    base.print_ranges("number", (ord(c) for c in base.ALL if alone("1" + c) and old(c) != "N"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--classes"]:
        print_classes()
    else:
        vocab, merges = train(glosses(), 1500)
        toks = [("gpt2", gpt2(vocab, merges)), ("roberta", roberta(vocab, merges))]
        write_texts(toks, random.Random(20241101))
        write_codepoints(toks)
        write_wordnet(toks)
        write_settings(random.Random(11))
