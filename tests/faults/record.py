"""The JSON of what was tried: results/reliability.faults.json is one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from auxgen.engine.device import describe_hardware
from auxgen.files import encode_json, write_file
from auxgen.runs.config import find_commit

COMMAND = "AUXGEN_FAULTS=results/reliability.faults.json pytest -m slow tests/faults"


def record(file: Path, tallies: Sequence[dict[str, Any]]) -> None:
    """Add what was tried to a JSON file; a job that it has is replaced."""
    with FileLock(file.with_name(f".{file.name}.lock")):
        jobs = json.loads(file.read_text())["jobs"] if file.exists() else []
        new = {(t["scenario"], t["kind"]) for t in tallies}
        jobs = [job for job in jobs if (job["scenario"], job["kind"]) not in new]
        commit = find_commit()
        write_file(
            file, encode_json(summarise([*jobs, *({**each, "commit": commit} for each in tallies)]))
        )


def summarise(jobs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the file holds: sums by kind of fault, and each job."""
    kinds = {kind: [job for job in jobs if job["kind"] == kind] for kind in list_kinds(jobs)}
    tried = {kind: sum(job["tried"] for job in each) for kind, each in kinds.items()}
    failed = {kind: sum(len(job["failed"]) for job in each) for kind, each in kinds.items()}
    return {
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": describe_hardware("cpu"),
        "commit": " and ".join(dict.fromkeys(job["commit"] for job in jobs)),
        "tried": sum(tried.values()),
        "survived": sum(tried.values()) - sum(failed.values()),
        "kinds": {k: {"tried": tried[k], "survived": tried[k] - failed[k]} for k in kinds},
        "failed": [f"{j['scenario']}, {j['kind']}, {each}" for j in jobs for each in j["failed"]],
        "seconds": round(sum(job["seconds"] for job in jobs), 1),
        "jobs": list(jobs),
    }


def list_kinds(jobs: Sequence[dict[str, Any]]) -> list[str]:
    """The kinds of fault, as they come."""
    return list(dict.fromkeys(job["kind"] for job in jobs))
