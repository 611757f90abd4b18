#!/usr/bin/env python3
"""WordNet's example sentences as a corpus of words in context.

WordNet's data files keep a gloss behind each synset: definitions, then example sentences in double
quotes. An example shows one of the synset's words at work, so every example whose word we can find
gives one occurrence with its part of speech, its lexicographer class and its sense: 46,000 words in
context, polysemy included, without any annotation effort.

The word is looked for as written, then in its inflected forms: the exception lists (noun.exc ...)
and the suffix rules of WordNet's own morphology, run forwards. The synset's first lemma that occurs
as a whole word wins, in its longest form, at its leftmost place.

Usage: wordnet_corpus.py OUT.tsv [DICT_DIR]
Columns: text, target (start:end in code points), pos, lexname, sense.
"""

import collections
import os
import re
import sys

POS = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}

# Lexicographer files, in the order of their two-digit numbers (lexnames(5WN)).
LEXNAMES = (
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body "
    "noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location "
    "noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process "
    "noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body "
    "verb.change verb.cognition verb.communication verb.competition verb.consumption verb.contact "
    "verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social "
    "verb.stative verb.weather adj.ppl"
).split()

VOWELS = "aeiou"


def exceptions(folder):
    """{pos: {lemma: {irregular forms}}}"""
    table = {}
    for pos in ("noun", "verb", "adj", "adv"):
        forms = collections.defaultdict(set)
        with open(os.path.join(folder, pos + ".exc"), encoding="utf-8") as lines:
            for line in lines:
                form, *lemmas = line.split()
                for lemma in lemmas:
                    forms[lemma].add(form)
        table[pos] = forms
    return table


def inflect(word, pos):
    """The regular forms of one word (not a phrase)."""
    forms = {word}
    doubled = word + word[-1]
    if pos in ("noun", "verb"):
        forms.add(word + "s")
        if word.endswith(("s", "x", "z", "ch", "sh", "o")):
            forms.add(word + "es")
        if word.endswith("y") and word[-2:-1] not in VOWELS:
            forms.add(word[:-1] + "ies")
    if pos == "noun" and word.endswith("man"):
        forms.add(word[:-3] + "men")
    if pos == "verb":
        forms |= {word + "ed", word + "ing", doubled + "ed", doubled + "ing"}
        if word.endswith("e"):
            forms |= {word + "d", word[:-1] + "ing"}
        if word.endswith("y"):
            forms.add(word[:-1] + "ied")
        if word.endswith("ie"):
            forms.add(word[:-2] + "ying")
    if pos == "adj":
        forms |= {word + "er", word + "est", doubled + "er", doubled + "est"}
        if word.endswith("e"):
            forms |= {word + "r", word + "st"}
        if word.endswith("y"):
            forms |= {word[:-1] + "ier", word[:-1] + "iest"}
    return forms


def forms_of(lemma, pos, irregular):
    """Forms of a lemma, longest first. Of a phrase, a verb inflects its first word, others their
    last."""
    words = lemma.split("_")
    at = 0 if pos == "verb" else len(words) - 1
    inner = inflect(words[at], pos) | irregular[pos].get(words[at], set())
    forms = {"_".join(words[:at] + [form] + words[at + 1:]) for form in inner}
    forms |= irregular[pos].get(lemma, set()) | {lemma}
    return sorted(forms, key=lambda form: (-len(form), form))


def find(text, lemmas, pos, irregular):
    """(start, end, lemma) of the synset's word in the text, or None."""
    for lemma in lemmas:
        choices = "|".join("[ -]".join(map(re.escape, form.split("_")))
                           for form in forms_of(lemma, pos, irregular))
        found = re.search(rf"(?<!\w)(?:{choices})(?!\w)", text, re.IGNORECASE)
        if found:
            return found.start(), found.end(), lemma
    return None


def synsets(folder):
    """Yields (offset, pos letter, lexname, lemmas, examples)."""
    for name in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(folder, "data." + name), encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("  "):  # the licence at the head of each file
                    continue
                data, _, gloss = line.partition("|")
                fields = data.split()
                offset, lex, pos, count = fields[0], int(fields[1]), fields[2], int(fields[3], 16)
                # adjectives may carry a syntactic marker: "dead(a)"
                lemmas = [re.sub(r"\(\w+\)$", "", w).lower() for w in fields[4:4 + 2 * count:2]]
                examples = (" ".join(e.split()) for e in re.findall(r'"([^"]+)"', gloss))
                yield offset, pos, LEXNAMES[lex], lemmas, [e for e in examples if e]


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit("usage: wordnet_corpus.py OUT.tsv [DICT_DIR]")
    out_path, folder = (sys.argv + ["/usr/share/wordnet"])[1:3]
    if not os.path.exists(os.path.join(folder, "data.noun")):
        sys.exit(f"{folder}: no WordNet data files there; expected data.noun "
                 "(Debian package wordnet-base)")
    irregular = exceptions(folder)
    seen = found = 0
    with open(out_path + ".tmp", "w", encoding="utf-8", newline="\n") as out:
        out.write("text\ttarget\tpos\tlexname\tsense\n")
        for offset, pos, lexname, lemmas, examples in synsets(folder):
            for text in examples:
                seen += 1
                hit = find(text, lemmas, POS[pos], irregular)
                if hit is None:
                    continue
                found += 1
                start, end, lemma = hit
                out.write(f"{text}\t{start}:{end}\t{POS[pos]}\t{lexname}\t{lemma}.{pos}.{offset}\n")
    os.replace(out_path + ".tmp", out_path)
    print(f"{out_path}: {found} words in context, of {seen} example sentences")


if __name__ == "__main__":
    main()
