"""Makes tests/vectors/bundles: `uv run python tests/vectors/make_bundles.py` (needs geth; about a minute).

One bundle per verdict and one per fault, from a real network where it can be had, with the two trust files and
`index.json`: for each file the arguments of `saegim-verify`, the verdict and the reason codes that must come out.
Every check is made at a moment given with `--at`, so the vectors do not age.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "verifier", HERE.parent / "chain"):
    sys.path.insert(0, str(folder))

from made_cases import made_vectors  # noqa: E402
from real_cases import real_vectors  # noqa: E402
from synthetic import START  # noqa: E402

BUNDLES = HERE / "bundles"


def main() -> None:
    """Writes every file anew."""
    BUNDLES.mkdir(exist_ok=True)
    for old in BUNDLES.iterdir():
        old.unlink()
    index = []
    with tempfile.TemporaryDirectory(prefix="saegim-vectors-") as folder:
        real = list(real_vectors(Path(folder)))
        moment = datetime.now(UTC).replace(microsecond=0)
    made = list(made_vectors())
    for vectors, at in ((real, moment), (made, datetime.fromtimestamp(START + 10, UTC))):
        for vector in vectors:
            (BUNDLES / vector.name).write_bytes(vector.data)
            if vector.verdict:
                checked_at = moment if vector.trust == "network.json" else at
                index.append(vector.to_index(checked_at))
    text = json.dumps({"version": 1, "vectors": index}, ensure_ascii=False, indent=1)
    (BUNDLES / "index.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(index)} vectors, {sum(file.stat().st_size for file in BUNDLES.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
