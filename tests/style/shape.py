#!/usr/bin/env python3
"""House rules that no compiler knows: sizes, prefixes, who includes whom, and words that must not appear."""
import re
import subprocess
import sys
from pathlib import Path

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_MAIN, DEEPEST = 60, 400, 60, 3
DAEMONS = ("edge", "authd", "limiterd", "proxyd", "auditd")
faults = []


def fault(path, line, text):
    faults.append(f"{path}:{line}: {text}")


def listed(*patterns):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns],
                           capture_output=True, text=True, check=True).stdout.split()
    return [Path(name) for name in names if Path(name).exists()]


def code_only(text):
    """The text with comments, strings and directives blanked, lines kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    text = re.sub(pattern, lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    lines, continued = [], False
    for line in text.split("\n"):
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.rstrip().endswith("\\")
        lines.append("" if directive else line)
    return lines


def functions(lines):
    """Yield (first line, length, head, nesting) of each function definition."""
    depth = deepest = start = 0
    head = ""
    for number, line in enumerate(lines, 1):
        for char in line + " ":
            if char == "{":
                if depth == 0:
                    start, body_head, deepest = number, head.strip(), 0
                depth += 1
                deepest = max(deepest, depth)
            elif char == "}":
                depth -= 1
                if depth == 0:
                    if body_head.endswith(")") and "=" not in body_head.split("(")[0]:
                        yield start, number - start + 1, body_head, deepest - 1
                    head = ""
            elif depth == 0:
                head = "" if char == ";" else head + char


def judge_functions(path, lines):
    stem = path.stem
    for start, length, head, nesting in functions(lines):
        name = re.search(r"(\w+)\s*\(", head)[1]
        limit = LONGEST_MAIN if name == "main" else LONGEST_FUNCTION
        if length > limit:
            fault(path, start, f"{name} has {length} lines, over {limit}")
        if nesting > DEEPEST:
            fault(path, start, f"{name} nests {nesting} deep, over {DEEPEST}")
        public = not re.search(r"\bstatic\b", head) and name != "main"
        if public and path.parts[0] in DAEMONS and not name.startswith(stem.split("_")[0]):
            fault(path, start, f"{name} is public but does not begin with its file's stem")


def judge_includes(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'#include "([^"]+)"', line)
        if not found or path.parts[0] not in DAEMONS + ("proto",):
            continue
        target = (path.parent / found[1]).resolve().relative_to(Path.cwd()).parts[0]
        if target not in (path.parts[0], "proto"):
            fault(path, number, f"{path.parts[0]} includes a header of {target}")


def judge_words(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            fault(path, number, "work left behind")
        if line != line.rstrip():
            fault(path, number, "white space at the end of a line")


def main():
    for path in listed("*.c", "*.h"):
        text = path.read_text()
        lines = code_only(text)
        if len(text.split("\n")) > LONGEST_FILE + 1:
            fault(path, 1, f"{len(text.splitlines())} lines, over {LONGEST_FILE}")
        if path.suffix == ".c":
            judge_functions(path, lines)
        judge_includes(path, text)
        judge_words(path, text)
    for name in DAEMONS:
        if Path(name).is_dir() and list(Path(name).glob("*.c")) and not (Path(name) / "README.md").exists():
            fault(Path(name) / "README.md", 1, "missing")
    for readme in listed("*/README.md"):
        if len(readme.read_text().splitlines()) > 40 and readme.parts[0] in DAEMONS:
            fault(readme, 1, "over 40 lines")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
