#!/usr/bin/env python3
"""What the documents say to type is typed here: README's shell and Python blocks, the man pages'
examples. They run in a folder laid out as a reader's would be: a model in the cache, a short corpus
(the head of the real one), a matrix, two sets."""

import glob
import os
import random
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from tap import GONIO, QUICK, SOURCE, Skip, gonio, main, need_corpus, need_model, write_npy


def reader_folder(folder):
    """The inputs that the documents' examples name."""
    model, corpus = need_model(), need_corpus()
    cache = os.path.join(folder, "cache")
    os.makedirs(os.path.join(cache, "gonio", "models"))
    os.symlink(model, os.path.join(cache, "gonio", "models", "all-MiniLM-L6-v2"))
    with open(corpus, encoding="utf-8") as lines:
        head = [next(lines) for _ in range(151 if QUICK else 301)]
    with open(os.path.join(folder, "wordnet-examples.tsv"), "w", encoding="utf-8") as out:
        out.writelines(head)
    with open(os.path.join(folder, "sentences.txt"), "w", encoding="utf-8") as out:
        out.writelines(line.split("\t")[0] + "\n" for line in head[1:71 if QUICK else 101])
    r = random.Random(1)
    write_npy(os.path.join(folder, "X.npy"), [[r.gauss(0, 1) for _ in range(8)] for _ in range(200)])
    with open(os.path.join(folder, "classes.txt"), "w", encoding="utf-8") as out:
        out.writelines(f"class {i % 3}\n" for i in range(200))
    with open(os.path.join(folder, "stimuli.csv"), "w", encoding="utf-8") as out:
        out.write("sentence,number,tense,length\n")
        for subject, number in (("The girl", "sg"), ("The girls", "pl"), ("A dog", "sg"), ("Dogs", "pl")):
            for verb, tense in (("sang", "past"), ("slept", "past"), ("will sing", "future"), ("will sleep", "future")):
                for end in (".", " today.", " in the old house."):
                    text = f"{subject} {verb}{end}"
                    out.write(f"{text},{number},{tense},{len(text)}\n")
    environment = {"XDG_CACHE_HOME": cache, "HOME": folder,
                   "PATH": os.path.dirname(os.path.abspath(GONIO)) + os.pathsep + os.environ["PATH"]}
    os.makedirs(os.path.join(folder, ".cache"))
    os.symlink(os.path.join(cache, "gonio"), os.path.join(folder, ".cache", "gonio"))
    for name in ("model-a", "model-b"):
        gonio("extract", model, "sentences.txt", "-o", name, "--pool", "mean", cwd=folder)
    return environment


def view(command, folder, environment):
    """The viewer serves until Ctrl-C: its first line must be an address, its status 130."""
    server = subprocess.Popen(command.split("#")[0].split() + ["--no-browser"], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})
    try:
        address = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address), (command, address)
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 130, (command, server.stderr.read())
    finally:
        server.kill()
        server.communicate()


def shell(command, folder, environment):
    views = [line for line in command.splitlines() if line.startswith("gonio view ")]
    command = "\n".join(line for line in command.splitlines() if line not in views)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, text=True,
                          capture_output=True, env={**os.environ, **environment}, timeout=300)
    assert done.returncode == 0, f"{command}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
    for line in views:
        view(line, folder, environment)
    return done.stdout


def numpy_python():
    for python in ("/usr/bin/python3", "python3", sys.executable):
        if shutil.which(python) and subprocess.run([python, "-c", "import numpy"],
                                                   capture_output=True).returncode == 0:
            return python
    raise Skip("no python3 with NumPy")


def man_page_examples_run(folder):
    environment = reader_folder(folder)
    ran = 0
    for page in sorted(glob.glob(os.path.join(SOURCE, "docs", "man", "*.1"))):
        with open(page, encoding="utf-8") as text:
            examples = text.read().split(".SH EXAMPLES")[1].split(".SH SEE ALSO")[0]
        for block in re.findall(r"\.EX\n(.*?)\.EE", examples, re.DOTALL):
            for line in block.replace("\\-", "-").strip().splitlines():
                shell(line, folder, environment)
                ran += 1
    assert ran >= 12, ran


def readme_commands_run(folder):
    environment = reader_folder(folder)
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as text:
        readme = text.read()
    blocks = re.findall(r"```(sh|python)\n(.*?)```", readme, re.DOTALL)
    # make demo and make test are what runs this test: they must be there, not be run again.
    made = [b for kind, b in blocks if kind == "sh" and "make " in b]
    assert made and "make demo" in made[0] and "make test" in made[0]
    with open(os.path.join(SOURCE, "Makefile"), encoding="utf-8") as text:
        targets = set(re.findall(r"^([a-z]+):", text.read(), re.MULTILINE))
    for block in made:
        assert set(re.findall(r"make ([a-z]+)", block)) <= targets
    python = numpy_python()
    ran = 0
    for kind, block in blocks:
        if kind == "sh" and "make " not in block:
            shell(block, folder, environment)
            ran += 1
        elif kind == "python":
            with open(os.path.join(folder, "block.py"), "w", encoding="utf-8") as out:
                out.write(block)
            shell(f"{python} block.py", folder, environment)
            ran += 1
    assert ran >= 2, ran


def links_between_documents_lead_somewhere(folder):
    checked = 0
    for page in [*glob.glob(os.path.join(SOURCE, "*.md")), *glob.glob(os.path.join(SOURCE, "docs", "*.md"))]:
        with open(page, encoding="utf-8") as text:
            for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text.read()):
                if "://" not in target:
                    checked += 1
                    path = os.path.join(os.path.dirname(page), target)
                    assert os.path.exists(path), (page, target)
    assert checked >= 3, checked


if __name__ == "__main__":
    sys.exit(main([man_page_examples_run, readme_commands_run, links_between_documents_lead_somewhere]))
