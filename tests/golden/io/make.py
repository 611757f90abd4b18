"""Makes the golden files of the io room. Run in a clean virtual environment with
    pip install numpy==1.26.4 safetensors==0.8.0
    python tests/golden/io/make.py
The arrays are simple formulas, so that the C tests compute what they expect by themselves."""

import json
import os
import struct

import numpy as np
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def grid(rows, cols, dtype):
    """Element (i, j) is (10 i + j) / 2."""
    i, j = np.mgrid[0:rows, 0:cols]
    return ((10 * i + j) / 2).astype(dtype)


for kind in ("f4", "f8", "f2", "i4", "i8", "u1", "i1", "i2", "u2", "u4", "u8"):
    np.save(path(f"grid.{kind}.npy"), grid(5, 3, "<" + kind))
np.save(path("grid.b1.npy"), grid(5, 3, "f8") > 3)
np.save(path("grid.f4.big.npy"), grid(5, 3, ">f4"))
np.save(path("grid.f4.fortran.npy"), np.asfortranarray(grid(5, 3, "<f4")))
np.save(path("grid.i8.big.fortran.npy"), np.asfortranarray(grid(5, 3, ">i8")))
np.save(path("cube.i4.fortran.npy"), np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)))
np.save(path("line.f8.npy"), np.arange(7, dtype="<f8"))
np.save(path("one.f8.npy"), np.float64(2.5))
np.save(path("empty.f4.npy"), np.zeros((0, 3), "<f4"))
np.save(path("objects.npy"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save(path("complex.npy"), np.zeros(2, "<c16"))
np.save(path("records.npy"), np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save(path("words.npy"), np.array(["noun", "verb", "noun", "naïve", "noun"]))
np.save(path("words.big.npy"), np.array(["noun", "verb", "noun", "naïve", "noun"], ">U5"))
np.save(path("bytes.npy"), np.array([b"noun", b"verb", b"noun", b""]))
np.save(path("codes.npy"), np.array([7, -1, 7, 3, -1], "<i8"))
for version in ((1, 0), (2, 0), (3, 0)):
    with open(path(f"grid.f4.v{version[0]}.npy"), "wb") as f:
        np.lib.format.write_array(f, grid(5, 3, "<f4"), version=version)

np.savez(path("stored.npz"), grid=grid(5, 3, "<f4"), line=np.arange(7, dtype="<i8"))
np.savez_compressed(path("deflated.npz"), grid=grid(5, 3, "<f4"))

tensors = {
    "a.weight": grid(5, 3, "<f4"),
    "a.bias": np.arange(3, dtype="<f2"),
    "b": np.arange(4, dtype="<i8").reshape(2, 2),
    "flag": np.array([True, False]),
    "scalar": np.array(1.5, dtype="<f8"),
}
save_file(tensors, path("whole.safetensors"), metadata={"made": "for tests"})
save_file({k: tensors[k] for k in ("a.weight", "a.bias")}, path("part-1.safetensors"))
save_file({k: tensors[k] for k in ("b", "flag", "scalar")}, path("part-2.safetensors"))
index = {
    "metadata": {"total_size": 0},
    "weight_map": {k: "part-1.safetensors" if k[0] == "a" else "part-2.safetensors" for k in tensors},
}
with open(path("parts.safetensors.index.json"), "w") as f:
    json.dump(index, f, indent=1)
# Written by hand: a header without padding, so that the data are not aligned.
header = b'{"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
header += b" " * (3 - len(header) % 4)
with open(path("unaligned.safetensors"), "wb") as f:
    f.write(struct.pack("<Q", len(header)) + header + struct.pack("<4f", 1, 2, 3, 4))
