"""Runs dbt's command line several times in one process, and keeps run_results.json of each.

argv[1]: {"folder": where the results go, "target": target folder, "steps": [{"args": [...], "write": {path: text}}], "project": ...}
Prints a list: for each step its exit code, what was raised, and what `list` and `show` gave.
"""

import contextlib
import io
import json
import os
import shutil
import sys

from dbt.cli.main import dbtRunner


def write(project, files):
    for path, text in (files or {}).items():
        full = os.path.join(project, path)
        if text is None:
            os.remove(full)
            continue
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def plain(result):
    if isinstance(result, list) and all(isinstance(one, str) for one in result):
        return result
    return None


def main():
    order = json.loads(sys.argv[1])
    said = []
    for number, step in enumerate(order["steps"]):
        write(order["project"], step.get("write"))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            done = dbtRunner().invoke([*step["args"], *order["flags"]])
        code = 2 if done.exception is not None else 0 if done.success else 1
        found = {"code": code, "error": None if done.exception is None else str(done.exception), "lines": plain(done.result)}
        if done.exception is not None and type(done.exception).__name__ == "SystemExit":
            found["code"] = 2
        for name in ("run_results.json", "manifest.json", "catalog.json", "sources.json"):
            path = os.path.join(order["target"], name)
            if os.path.exists(path):
                shutil.copy(path, os.path.join(order["folder"], f"{number}-{name}"))
                if name != "manifest.json":
                    os.remove(path) if step.get("fresh", True) and name != "run_results.json" else None
        found["out"] = out.getvalue()
        said.append(found)
    print("\n=== steps ===\n" + json.dumps(said))


main()
