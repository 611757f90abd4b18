#!/usr/bin/env python3
"""The viewer's page as C: embed_page.py OUT.c [index.html.gz index.csp]. Without the two: no page."""

import hashlib
import sys


def main():
    out, files = sys.argv[1], sys.argv[2:]
    page = policy = b""
    if files:
        page = open(files[0], "rb").read()
        policy = open(files[1], "rb").read().strip()
    etag = hashlib.sha256(page).hexdigest()
    rows = ["".join(f"{b}," for b in page[i:i + 32]) for i in range(0, len(page), 32)] or ["0"]
    quoted = policy.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    with open(out, "w", encoding="ascii") as c:
        c.write('#include "view/page.h"\n\nstatic const unsigned char bytes[] = {\n    ')
        c.write("\n    ".join(rows))
        c.write("\n};\nconst gn_page gn_built_in_page = {bytes, %d, \"%s\",\n"
                "                                 \"\\\"%s\\\"\"};\n" % (len(page), quoted, etag))


if __name__ == "__main__":
    main()
