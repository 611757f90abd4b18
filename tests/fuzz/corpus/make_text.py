"""Makes the small corpora of the text room's fuzz targets.
    python tests/fuzz/corpus/make_text.py"""

import json
import os

here = os.path.dirname(os.path.abspath(__file__))


def put(target, name, text):
    os.makedirs(os.path.join(here, target), exist_ok=True)
    with open(os.path.join(here, target, name), "wb") as f:
        f.write(text.encode())


VOCAB = {"[UNK]": 0, "[CLS]": 1, "x": 2, "##x": 3, "the": 4}
MODEL = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 9, "vocab": VOCAB}
ADDED = {"id": 5, "content": "[MASK]", "special": True, "lstrip": True, "rstrip": True,
         "single_word": True, "normalized": False}
TEMPLATE = {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}}],
            "special_tokens": {"[CLS]": {"ids": [1]}}}
put("tokenizer_json", "bert", json.dumps(
    {"model": MODEL, "normalizer": {"type": "BertNormalizer", "lowercase": True},
     "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": TEMPLATE,
     "added_tokens": [ADDED]}))
put("tokenizer_json", "parts", json.dumps(
    {"model": MODEL, "normalizer": {"type": "Sequence", "normalizers": [{"type": "Lowercase"}]},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
                                                             {"type": "Punctuation"}]},
     "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["x", 2]},
     "added_tokens": [dict(ADDED, normalized=True, content="Re-T")]}))
put("vocab", "plain", "[UNK]\n[CLS]\n[SEP]\nthe\n##s\n")
put("vocab", "crlf", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n\u00e9\r\n\r\nthe\r\nthe")
LETTERS = [chr(b) if 0x20 < b < 0x7F or 0xA0 < b != 0xAD else None for b in range(256)]
OTHERS = iter(range(0x100, 0x144))
LETTERS = [c or chr(next(OTHERS)) for c in LETTERS]
BYTES = {c: i for i, c in enumerate(LETTERS + ["th", "the", "\u0120t", "\u00cc\u0123", "''"])}
put("bpe", "gpt2", json.dumps(BYTES, ensure_ascii=False, separators=(",", ":")) +
    "\n====\n#version: 0.2\nt h\nth e\n\u0120 t\n\u00cc \u0123\n' '\n")
put("encode", "words", "The tokens, x[MASK] the[SEP]\t[mask] to-kens  xe\u0301e")
put("encode", "marks", "a\u0301\u0327b \u0344\u0316\u302e\u0301 \u1e9b\u0323 \U0001d160\U0001d165")
put("encode", "scripts", "\u4e2d\u6587 \uac01\ud55c \u03a3\u03c2 \u0130\u00df\ufb01 \u200d\ufffd\x01\x00")
put("corpus", "lines", "\ufeffone\r\n\n two\nthree")
put("corpus", "csv", "text,target,pos\n\"a \"\"b\"\"\nc\",0:1,x\nd,,\n\n")
put("corpus", "tsv", "text\ttarget\tpos\n\"Yes\" no\t0:2\tx\n")
put("corpus", "jsonl", '{"text":"caf\\u00e9","target":"0:4","a":1}\n\n{"text":"b","c":[null]}\n')
