#!/usr/bin/env python3
"""Golden data for the tokenizer tests, from the public `tokenizers` library.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python tests/golden/make_tokenizer.py             writes tests/golden/tokenizer/
    venv/bin/python tests/golden/make_tokenizer.py --classes   prints the ranges behind
                                                               src/text/unicode_data.c

The WordNet digests need the all-MiniLM-L6-v2 folder in GN_DEMO_MODEL and WordNet 3.0's data files
(Debian package wordnet-base) in /usr/share/wordnet; without them wordnet.txt is left as it is.

Offsets are written in bytes; the library counts code points. A digest is a 64-bit FNV-1a over the
32-bit numbers (id, start, end, word) of each token, and -2 behind each text.
"""
import json
import os
import random
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizer")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ALL = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


# ---- what the library says -----------------------------------------------------------------------
def encode(tok, text, special=True):
    """(ids, starts, ends, words), offsets in bytes."""
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    e = tok.encode(text, add_special_tokens=special)
    words = [-1 if w is None else w for w in e.word_ids]
    return e.ids, [at[s] for s, _ in e.offsets], [at[t] for _, t in e.offsets], words


class Digest:
    def __init__(self):
        self.h = 0xCBF29CE484222325

    def add(self, value):
        self.h = ((self.h ^ (value & 0xFFFFFFFF)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF

    def text(self, encoded):
        for token in zip(*encoded):
            for value in token:
                self.add(value)
        self.add(-2)


# ---- a vocabulary of our own ---------------------------------------------------------------------
def small_vocabulary():
    words = """the a an of to and in is it on for with as at by from that this be are was not or but
        one two word token layer angle space vector model river bank money water light dark un re
        over under inter nation geometry measure distance neighbor hello world istanbul strasse fi
        ring ##ing ##ed ##s ##er ##ly ##ness ##tion ##al ##able ##or ##ir ##oken ##ayer""".split()
    out = list(SPECIAL)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789")
    letters += list("éüßøłıς") + list("αβγδσ") + list("абвгд") + list("אבג") + list("あいう")
    letters += ["\u1112", "\u1161", "\u11ab", "\u1100", "\u302e", "\u0301", "\u0307", "\u200d"]
    out += letters + ["##" + c for c in letters]
    out += [c for c in map(chr, range(0x21, 0x7F)) if not c.isalnum()]
    out += list("中文字一。、“”‘’…—¿¡§") + ["\U00020000", "\U0001F600", "##\U0001F600"]
    out += [w for w in words if w not in out]
    return out


def save(tok, *path):
    target = os.path.join(HERE, *path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    data = json.loads(tok.to_str())
    with open(target, "w", encoding="utf-8") as f:
        json.dump(data, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def bert(vocabulary, **normalizer):
    tok = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]",
                                     max_input_chars_per_word=100))
    tok.normalizer = normalizers.BertNormalizer(**normalizer)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cls, sep = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tok


# ---- texts ---------------------------------------------------------------------------------------
def adversarial(rnd):
    hand = [
        "", " ", "\n", "\t\r\n ", "hello world", "Hello, World!", "  spaces   everywhere  ",
        "unmeasurable tokens re-measured", "don't", "don\u2019t \u201cquote\u201d\u2026",
        "\u0130stanbul I\u0307 \u0131", "Stra\u00dfe STRASSE", "\u03a3\u03c3\u03c2 \u0391\u03a3",
        "\ufb01 \ufb03 \u017f", "e\u0301 \u00e9 \u0301e \u0301", "\u0301\u0302abc", "a\u0327\u0301b",
        "a\u0301\u0327b", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "\ud55c\u302e\u0301x",
        "\u4e2d\u6587\u5b57\u4e00\u3002", "a\u4e2db", "\u4e2d\u0301", "\U00020000\U0002b820\U0002b920",
        "a\u200db\u200cc", "\U0001F468\u200d\U0001F469\u200d\U0001F467", "\U0001F600\U0001F600",
        "\ufffd", "a\ufffdb", "\ue000a\uf8ff\U000f0000", "\x00", "a\x00b\x01c\x7f", "\x85a\x0bb\x0cc",
        "a\u00a0b\u2003c\u3000d\u2028e", "a\u00adb", "\u0378\u0379", "\U000e0001\U000e0041",
        "x" * 99, "x" * 100, "x" * 101, "\u00e9" * 100, "\u00e9" * 101, "e\u0301" * 100,
        "\u0301" * 200, "\ud55c" * 34, "\ud55c" * 33, "." * 200, "[MASK]", "a[MASK]b", "[mask]",
        "[MASK", "[[MASK]]", " [MASK]  [SEP]", "[CLS][SEP][PAD][UNK][MASK]", "[MA\u0301SK]",
        "[MASK]\u0301", "\u0344\u0316", "\u0f73\u0f71", "\u0f71\u0f74\u0f72 \u0f81",
        "\U0001d15e\U0001d165\U0001d166", "a\u302e\u0327\u302f", "\u1b44\u302a", "\U00011938",
        "\u1734a", "\U000111c9", "\u166d", "\u1c89 \ua7cb \ua7dc \U00010d50 \U00016ea0",
        "\u0345\u1fb3", "\u1f82", "\u0958\u093c", "\u212b \u2126 \u212a", "\u01c5 \u01c4",
        "##ing", "# #", "a##b", "\u037e ; \u00b7", "$ ^ ` + = ~ | < >", "\u20ac \u00a9 \u00b1",
        "(a)(b)", "\u00bfque?", "inter\u0301nation\u0308al", "\u05d0\u05b8\u05d1", "\u0623\u064e",
    ]
    marks = [chr(c) for c in list(range(0x300, 0x330)) + [
        0x344, 0x345, 0xF73, 0xF75, 0xF81, 0x302E, 0x302F, 0x1D165, 0x1D166, 0x1D16D, 0x8D4, 0x8E0,
        0x1E000, 0x1E944, 0x11442, 0xE1, 0x1F82, 0x130, 0x1D15E, 0x1D160, 0xAC01, 0x11938, 0x41,
        0x20, 0x1B44, 0x3099, 0x20D0, 0xFB2, 0xD14B, 0x958, 0x2F800]]
    words = small_vocabulary() + SPECIAL * 3 + [" "] * 60 + ["\u0301", "\u200d", "\ufffd", "\x01"]
    pools = [(ALL, 20, 100), (ALL[:0x3000], 25, 100), (ALL[:128], 40, 100), (marks, 12, 100),
             (words, 14, 150)]
    out = [("hand", t) for t in hand]
    for name, (pool, longest, n) in zip(["planes", "low", "ascii", "marks", "words"], pools):
        for _ in range(n):
            out.append((name, "".join(rnd.choice(pool) for _ in range(rnd.randint(1, longest)))))
    return out


def write_lines(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
        f.write("# tests/golden/make_tokenizer.py, tokenizers %s\n" % tokenizers.__version__)
        f.writelines(line + "\n" for line in lines)


def write_small(rnd):
    vocabulary = small_vocabulary()
    uncased = bert(vocabulary, lowercase=True)
    save(uncased, "uncased", "tokenizer.json")
    cased = bert(vocabulary, lowercase=False)
    os.makedirs(os.path.join(HERE, "cased"), exist_ok=True)
    with open(os.path.join(HERE, "cased", "vocab.txt"), "w", encoding="utf-8") as f:
        f.writelines(t + "\n" for t in vocabulary)
    with open(os.path.join(HERE, "cased", "tokenizer_config.json"), "w") as f:
        json.dump({"do_lower_case": False, "tokenizer_class": "BertTokenizer"}, f)
        f.write("\n")
    lines = []
    for kind, text in adversarial(rnd):
        for name, tok in (("uncased", uncased), ("cased", cased)):
            ids, start, end, word = encode(tok, text)
            tokens = " ".join("%d:%d:%d:%d" % t for t in zip(ids, start, end, word))
            lines.append("%s\t%s\t%s\t%s" % (name, kind, text.encode().hex(), tokens))
    write_lines("adversarial.tsv", lines)
    # Every code point inside a word, behind a word, alone: a digest for each 4,096.
    lines = []
    for block in range(0, 0x110000, 4096):
        d = {"uncased": Digest(), "cased": Digest()}
        for cp in range(block, block + 4096):
            if 0xD800 <= cp < 0xE000:
                continue
            c = chr(cp)
            text = "the" + c + "river " + c + " a" + c + "\u0327"
            d["uncased"].text(encode(uncased, text))
            d["cased"].text(encode(cased, text))
        lines.append("%06x %016x %016x" % (block, d["uncased"].h, d["cased"].h))
    write_lines("codepoints.txt", lines)


def write_normalized():
    """The normaliser alone: what an unknown word hides. Digests over the UTF-8 bytes."""
    kinds = [normalizers.BertNormalizer(True, True, True, True),
             normalizers.BertNormalizer(False, False, False, True),
             normalizers.BertNormalizer(False, False, True, False)]
    lines = []
    for block in range(0, 0x110000, 4096):
        digests = [Digest() for _ in kinds]
        for cp in range(block, block + 4096):
            if 0xD800 <= cp < 0xE000:
                continue
            for d, kind in zip(digests, kinds):
                for byte in kind.normalize_str("a" + chr(cp) + "\u0345").encode():
                    d.add(byte)
                d.add(-2)
        lines.append("%06x %016x %016x %016x" % tuple([block] + [d.h for d in digests]))
    write_lines("normalized.txt", lines)


# ---- settings ------------------------------------------------------------------------------------
def write_settings(rnd):
    """Tokenizers with random settings and added tokens, each with texts: one JSON object a line."""
    vocabulary = ["[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "A", "B", "##a", "##b", "##c",
                  "##A", "ab", "##ab", "aab", "##\u00e9", "\u00e9", "e", "##e", "i", "##i",
                  "i\u0307", "##\u0307", ".", "#", "##.", "\u4e2d", "\u1112", "##\u1161",
                  "##\u11ab", "fi", "\ufb01", "##\u0301", "foo", "##oo", "f", "\u03c3", "##\u03c3",
                  " ", "a b", "[", "]", "\ud55c", "##\ud55c", "##\u4e2d", "_"]
    pool = list("abcABC .,-#[]'") + [
        "\u00e9", "\u00c9", "\u0301", "\u0130", "\u0327", "\u4e2d", "\ud55c", "\u00a0", "\x01",
        "\t", "\n", "\u200d", "\ufb01", "\u00df", "\u03a3", "\u302e", "foo", "Foo", "FOO",
        "foo bar", "<x>", "[MASK]", "_", "\u24d0", "1", "\u3000", "ab", "aab"]
    flip = lambda: rnd.random() < 0.5
    lines = []
    while len(lines) < 60:
        tok = Tokenizer(models.WordPiece(
            {t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]",
            max_input_chars_per_word=rnd.choice([3, 5, 100]),
            continuing_subword_prefix=rnd.choice(["##", "##", "##", ""])))
        if rnd.random() < 0.8:
            tok.normalizer = normalizers.BertNormalizer(flip(), flip(),
                                                        rnd.choice([None, True, False]), flip())
        kind = rnd.randint(0, 5)
        if kind > 2:
            tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        elif kind == 1:
            tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        elif kind == 2:
            tok.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
        if flip():
            tok.post_processor = processors.TemplateProcessing(
                single="[CLS] $A [SEP] [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
        elif flip():
            tok.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
        seen = set()
        for text in rnd.sample(["[MASK]", "foo", "Foo", "foo bar", "<x>", "\u00c9", "a\u0301",
                                "[UNK]", " b", "ab", "Q q"], rnd.randint(0, 5)):
            if text.lower() in seen:
                continue
            seen.add(text.lower())
            tok.add_tokens([AddedToken(text, special=flip(), single_word=flip(), lstrip=flip(),
                                       rstrip=flip(), normalized=rnd.random() < 0.3)])
        tok = Tokenizer.from_str(tok.to_str())
        texts = []
        for _ in range(12):
            text = "".join(rnd.choice(pool) for _ in range(rnd.randint(0, 14)))
            texts.append([text.encode().hex()] + [list(x) for x in encode(tok, text)])
        lines.append(json.dumps({"tokenizer": json.loads(tok.to_str()), "texts": texts},
                                separators=(",", ":")))
    with open(os.path.join(HERE, "settings.jsonl"), "w", encoding="ascii") as f:
        f.writelines(line + "\n" for line in lines)


# ---- WordNet -------------------------------------------------------------------------------------
def write_wordnet():
    model = os.environ.get("GN_DEMO_MODEL", "")
    path = "/usr/share/wordnet/data.%s"
    if not os.path.exists(os.path.join(model, "tokenizer.json")) or not os.path.exists(path % "noun"):
        print("wordnet.txt: left as it is (no GN_DEMO_MODEL or no WordNet)")
        return
    tok = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    tok.no_truncation()
    tok.no_padding()
    lines, d, n = [], Digest(), 0
    for part in ("noun", "verb", "adj", "adv"):
        with open(path % part, encoding="utf-8") as f:
            for line in f:
                if "|" not in line:
                    continue
                d.text(encode(tok, line[line.index("|") + 1:].strip(" \r\n")))
                n += 1
                if n % 500 == 0:
                    lines.append("%d %016x" % (n, d.h))
    lines.append("%d %016x" % (n, d.h))
    write_lines("wordnet.txt", lines)


# ---- the tables ----------------------------------------------------------------------------------
def print_ranges(name, members):
    ranges = []
    for c in sorted(members):
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    print(name, " ".join("%X-%X" % (a, b) for a, b in ranges))


def print_classes():
    clean = normalizers.BertNormalizer(True, False, False, False)
    strip = normalizers.BertNormalizer(False, False, True, False)
    cjk = normalizers.BertNormalizer(False, True, False, False)
    nfd, split = normalizers.NFD(), pre_tokenizers.BertPreTokenizer()
    print_ranges("mark", (ord(c) for c in ALL if strip.normalize_str(c) == ""))
    print_ranges("drop", (ord(c) for c in ALL if clean.normalize_str("a" + c + "b") == "ab"))
    print_ranges("cjk", (ord(c) for c in ALL if cjk.normalize_str(c) == " " + c + " "))
    pieces = lambda c: [p for p, _ in split.pre_tokenize_str("a" + c + "b")]
    print_ranges("punct", (ord(c) for c in ALL if pieces(c) == ["a", c, "b"]))
    print_ranges("space", (ord(c) for c in ALL if pieces(c) == ["a", "b"]))
    # Between a mark of class 240 and one of class 1, a mark of any other class moves.
    moves = lambda c: any(nfd.normalize_str(s) != s for s in ("a\u0345" + c, "a" + c + "\u0334"))
    print_ranges("combining", (ord(c) for c in ALL
                               if len(nfd.normalize_str(c)) == 1 and (moves(c) or c in "\u0334\u0345")))


if __name__ == "__main__":
    if sys.argv[1:] == ["--classes"]:
        print_classes()
    else:
        os.makedirs(HERE, exist_ok=True)
        write_small(random.Random(20240501))
        write_normalized()
        write_settings(random.Random(7))
        write_wordnet()
