"""Makes the small corpora of the io room's fuzz targets from the golden files and a few texts.
    python tests/fuzz/corpus/make_io.py"""

import gzip
import os
import shutil

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(here, "..", "..", "golden", "io")


def copy(target, *names):
    os.makedirs(os.path.join(here, target), exist_ok=True)
    for name in names:
        shutil.copyfile(os.path.join(golden, name), os.path.join(here, target, name))


def put(target, name, text):
    os.makedirs(os.path.join(here, target), exist_ok=True)
    with open(os.path.join(here, target, name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


copy("npy", "grid.f4.npy", "grid.i8.big.fortran.npy", "cube.i4.fortran.npy", "one.f8.npy", "empty.f4.npy",
     "grid.f4.v2.npy", "words.npy", "bytes.npy", "words.big.npy", "codes.npy", "objects.npy")
copy("safetensors", "whole.safetensors", "unaligned.safetensors", "part-1.safetensors")
copy("npz", "stored.npz", "deflated.npz")
put("csv", "plain.csv", "a,b\n1,2\n-3.5e2,nan\n")
put("csv", "quoted.csv", '"a","b""c","d\ne"\r\n"1",2,3\r\n\r\n4,5,6')
put("csv", "numbers.csv", "0.1,123456789012345678901234567890,1e-400\n.5,5.,9007199254740993\n")
put("csv", "tabs.tsv", "\ufeff1\t2\n\"3\t4\n")
put("labels", "columns", "pos\nword,pos\nrun,verb\n\"a,b\",noun\nx,\n")
put("labels", "integers", "10\n-3\n9\n\n9\n010\n")
put("labels", "one", "only\nx\ny\nx\n")
put("json", "tokenizer.json", '{"model":{"vocab":[["\\u0141",-1.5e3],true,null,"x"]},"a":[{"b":1}]}')
put("json", "packed.json.gz", gzip.compress(b'{"a":[{"b":2.5}]}', mtime=0))
