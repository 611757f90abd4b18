#!/usr/bin/env python3
"""What the library must not do, read from its symbols: exit, print, abort, read the environment,
export names outside gn_, keep mutable globals. Usage: symbols.py LIBGONIO.so LIBCORE.a"""

import subprocess
import sys

FORBIDDEN = {
    "exit", "_exit", "abort", "printf", "puts", "putchar", "vprintf", "perror", "getenv",
    "secure_getenv", "setenv", "signal", "sigaction", "system", "rand", "srand", "strtok",
    "setlocale", "stdout", "stderr",
}
# The one state beyond a call; src/figure/text.c says why.
FONTS = {"process_fonts", "process_fonts_lock"}


def nm(*args):
    out = subprocess.run(["nm", *args], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 2 and len(fields[-2]) == 1:
            yield fields[-2], fields[-1].split("@")[0]


def mutable(core):
    """Objects in writable sections; .data.rel.ro is constant after loading."""
    out = subprocess.run(["objdump", "-t", core], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        left, tab, right = line.partition("\t")
        if not tab or " O " not in left:
            continue
        section, name = left.split()[-1], right.split()[-1]
        if section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*")) \
                and not section.startswith(".data.rel.ro") and name not in FONTS:
            yield name


def main():
    shared, core = sys.argv[1:3]
    checks = {
        "exports only gn_": [name for kind, name in nm("-D", "--defined-only", shared)
                             if not name.startswith("gn_")],
        "calls nothing that a library must not call": sorted(
            {name for kind, name in nm("-u", core) if name in FORBIDDEN}),
        "keeps no mutable globals": list(mutable(core)),
    }
    print(f"1..{len(checks)}")
    for number, (what, bad) in enumerate(checks.items(), 1):
        for name in bad:
            print(f"# {name}")
        print(f"{'not ok' if bad else 'ok'} {number} - {what}")
    return any(checks.values())


if __name__ == "__main__":
    sys.exit(main())
