"""The snippet's script as it is served: every released build, plain and compressed, with strong ETags."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
CURRENT = "v.js"
LITE = "v.lite.js"
_ENCODINGS = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class Script:
    """One build in all its encodings; the plain one has the name `identity`."""

    hash: str
    bodies: Mapping[str, bytes]

    def etag(self, encoding: str) -> str:
        # Strong, so each encoding has its own.
        return f'"{self.hash}"' if encoding == "identity" else f'"{self.hash}-{encoding}"'


def read_scripts(static: Path = STATIC) -> dict[str, Script]:
    """All builds by file name: `v.js` and `v.lite.js`, both also with their hash, and those in `releases/`.

    Empty when the script has not been built. Raises ValueError when manifest and script do not agree.
    """
    manifest = static / "manifest.json"
    if not manifest.exists():
        return {}
    facts = json.loads(manifest.read_text())
    builds = [facts, facts["lite"]] if "lite" in facts else [facts]
    current = {build["file"]: _read_current(static, build) for build in builds}
    released = {path.name: _read_script(path) for path in sorted((static / "releases").glob("v.*.js"))}
    hashed = {name.replace(".js", f".{script.hash}.js"): script for name, script in current.items()}
    return released | hashed | current


def _read_current(static: Path, build: Mapping[str, str]) -> Script:
    script = _read_script(static / build["file"])
    if script.hash != build["sha256_8"]:
        raise ValueError(f"{static / 'manifest.json'} does not fit {build['file']}; build the script again")
    return script


def _read_script(path: Path) -> Script:
    body = path.read_bytes()
    packed = {
        name: path.with_name(path.name + suffix).read_bytes()
        for name, suffix in _ENCODINGS.items()
        if path.with_name(path.name + suffix).exists()
    }
    return Script(hashlib.sha256(body).hexdigest()[:8], {**packed, "identity": body})


def choose_encoding(accepted: str, offered: Mapping[str, bytes]) -> str:
    """The best encoding that the Accept-Encoding header allows, in the order in which they are offered."""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        weights[name] = _read_weight(weight)
    return next((name for name in offered if weights.get(name, weights.get("*", 0)) > 0), "identity")


def _read_weight(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 1.0


def is_known(etag: str, known: str) -> bool:
    """True when the If-None-Match header `known` names this ETag."""
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return etag in tags or "*" in tags
