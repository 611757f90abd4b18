"""TAP for tests written in Python: standard library only, so that any python3 runs them."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

GONIO = os.path.abspath(os.environ.get("GONIO", "build/cli/gonio"))
SOURCE = os.path.abspath(os.environ.get("GN_SOURCE", "."))
MODEL = os.environ.get("GN_DEMO_MODEL", "")
CORPUS = os.environ.get("GN_DEMO_CORPUS", "")
# Under the sanitizers (set by tools/run-tests): a short text takes the same paths as a long one.
QUICK = bool(os.environ.get("GN_TEST_QUICK"))


class Skip(Exception):
    """Raise with the reason."""


def need_model():
    if not os.path.exists(os.path.join(MODEL, "model.safetensors")):
        raise Skip("the demo model is not there (GN_DEMO_MODEL)")
    return MODEL


def need_corpus():
    if not os.path.exists(CORPUS):
        raise Skip("the WordNet corpus is not there (GN_DEMO_CORPUS)")
    return CORPUS


def gonio(*arguments, cwd=None, status=0, env=None, timeout=300):
    """Runs the program; fails unless it ends with `status`. Returns (stdout, stderr)."""
    done = subprocess.run([GONIO, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, **(env or {})}, timeout=timeout)
    assert done.returncode == status, (
        f"gonio {' '.join(map(str, arguments))}: status {done.returncode}, expected {status}\n"
        f"{done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout, done.stderr


def write_npy(path, rows, kind="f4", shape=None):
    """A list of rows (or a flat list with shape) as .npy version 1.0."""
    flat = [x for row in rows for x in row] if shape is None else list(rows)
    shape = shape or (len(rows), len(rows[0]))
    header = f"{{'descr': '<{kind}', 'fortran_order': False, 'shape': {shape!r}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    code = {"f4": "f", "f8": "d", "i4": "i"}[kind]
    with open(path, "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        out.write(struct.pack(f"<{len(flat)}{code}", *flat))


def read_npy(path):
    """(shape, flat tuple) of a little-endian float32, float64 or int32 file."""
    with open(path, "rb") as data:
        raw = data.read()
    length = struct.unpack("<H", raw[8:10])[0]
    header = eval(raw[10:10 + length], {})  # our own file: a Python literal
    code = {"<f4": "f", "<f8": "d", "<i4": "i"}[header["descr"]]
    count = 1
    for size in header["shape"]:
        count *= size
    return header["shape"], struct.unpack_from(f"<{count}{code}", raw, 10 + length)


def files_under(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names)


def main(tests):
    """Runs functions that take a fresh folder; prints TAP; returns the exit status."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        folder = tempfile.mkdtemp(prefix="gonio-test-")
        name = test.__name__.replace("_", " ")
        try:
            test(folder)
            print(f"ok {number} - {name}")
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}")
        except Exception:  # an assertion or anything else: a failed test
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {number} - {name}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
    return 1 if failed else 0
