#!/usr/bin/env python3
"""Which room may include what: data flows down the list, #include points up it only.

Run by the test suite; prints each include that breaks the table and fails.
"""

import pathlib
import re
import sys

ROOMS = {  # room: rooms whose internal headers it may use
    "base": "",
    "math": "base",
    "io": "base",
    "text": "base io",
    "model": "base math io text",
    "reps": "base math io",
    "extract": "base math io text model reps",
    "neighbors": "base math io reps",
    "geometry": "base math reps neighbors",
    "encoding": "base math io reps",
    "projection": "base math reps neighbors",
    "figure": "base io",
    "export": "base io text reps",
    "report": "base math io text model reps extract neighbors geometry encoding projection figure",
    "view": "base math io text model reps extract neighbors geometry encoding projection figure report",
}
# Floors inside a large room: each folder may use those before it and what lies in the room itself.
FLOORS = {"view": "wire search data layers layouts routes"}
# The public header of a topic belongs to the room that implements it.
PUBLIC = {topic: room for room, topics in {
    "base": "base",
    "io": "io",
    "text": "text",
    "model": "model",
    "reps": "reps",
    "extract": "extract",
    "neighbors": "neighbors scan",
    "geometry": "id overlap isotropy lid cluster density imbalance",
    "projection": "pca mds map align axes",
    "encoding": "features mlem mlem_v1 mlem_v2 pairs decoding baselines",
    "figure": "figure",
    "export": "export",
    "report": "result survey measure mlem_report",
    "view": "view",
}.items() for topic in topics.split()}


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    bad, files = [], 0
    for path in sorted([*root.glob("src/**/*.[ch]"), *root.glob("cli/*.[ch]")]):
        files += 1
        parts = path.relative_to(root).parts
        room = parts[1] if parts[0] == "src" else "cli"
        allowed = None if room == "cli" else {room, *ROOMS[room].split()}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            target = pathlib.PurePosixPath(found[1]).parts
            if target[0] == "gonio":
                topic = target[-1].removesuffix(".h")
                # Vocabulary types that every room below io may name are in io.h: gn_labels.
                wrong = room != "cli" and PUBLIC.get(topic) not in allowed and topic != "io"
            elif len(target) == 1:
                wrong = not (path.parent / found[1]).exists()
            else:
                wrong = allowed is None or target[0] not in allowed
                floors = FLOORS.get(room, "").split()
                if len(parts) == 4 and len(target) == 3 and target[0] == room:
                    wrong = floors.index(target[1]) > floors.index(parts[2])
            if wrong:
                bad.append(f"{path.relative_to(root)}:{number}: {room} may not include {found[1]}")
    print("\n".join(f"# {b}" for b in bad))
    print("1..1")
    print(f"{'not ok' if bad or not files else 'ok'} 1 - includes point up the table "
          f"({files} files)")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
