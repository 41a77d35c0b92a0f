"""Refuses a lock that pyproject.toml has outgrown, or that names a package index."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKED_LINE = re.compile(r"^([A-Za-z0-9._-]+)==\S+.*\\$", re.MULTILINE)
REQUIRED_NAME = re.compile(r"^[A-Za-z0-9._-]+")
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links")


def main() -> int:
    """Print each complaint; exit code 1 when there is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = [*project["project"]["dependencies"]]
    development = runtime + project["project"]["optional-dependencies"]["development"]
    complaints = [
        *complaints_about_packages(),
        *complaints_about("build.txt", project["build-system"]["requires"]),
        *complaints_about("runtime.txt", runtime),
        *complaints_about("development.txt", development),
    ]
    sys.stderr.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


def complaints_about(lock_name: str, requirements: list[str]) -> list[str]:
    """Return what is wrong with one lock, one sentence each."""
    text = (ROOT / "requirements" / lock_name).read_text()
    locked = {normal(name) for name in LOCKED_LINE.findall(text)}
    complaints = [
        f"requirements/{lock_name}: {name} is required by pyproject.toml but not locked: make lock"
        for name in sorted({required_name(requirement) for requirement in requirements} - locked)
    ]
    if ADDRESS.search(text):
        complaints.append(f"requirements/{lock_name}: names a package index: make lock")
    return complaints


def complaints_about_packages() -> list[str]:
    """Return what is wrong with the lock of what the pages take from npm."""
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    text = (ROOT / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    complaints = [
        f"package-lock.json: {name} is not locked as package.json requires it: make lock"
        for name, version in wanted.items()
        if packages.get(f"node_modules/{name}", {}).get("version") != version
    ]
    if ADDRESS.search(text):
        complaints.append("package-lock.json: names a package registry: make lock")
    return complaints


def required_name(requirement: str) -> str:
    """Return the project's normal name in ``qrcode[pil]>=8``."""
    found = REQUIRED_NAME.match(requirement)
    return normal(found.group()) if found else requirement


def normal(name: str) -> str:
    """Return the name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
