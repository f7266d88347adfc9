#!/usr/bin/env python3
"""The documents say what the code does: tables, settings, manual pages, targets."""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tap"))
import tap  # noqa: E402

BIN = Path(os.environ.get("HEIMGATE_BIN", ROOT / "build" / "bin"))
DAEMONS = ["edge", "authd", "limiterd", "proxyd", "auditd"]
TOOLS = ["up", "key", "limits", "models", "audit", "check", "frames", "migrate"]


def ok(good, name, shown=""):
    if not tap.ok(good, name) and shown:
        tap.diag(shown)


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def check_tables():
    result = run("docs/refresh.sh", str(BIN / "heimgate-tables"), "--check")
    ok(result.returncode == 0, "the tables in the documents are those of the code", result.stdout)


def check_help():
    config = (ROOT / "docs" / "CONFIG.md").read_text()
    for name in DAEMONS + ["up"]:
        result = run(str(BIN / f"heimgate-{name}"), "--help")
        settings = re.findall(r"^  (HEIMGATE_\w+)", result.stdout, re.M)
        missing = [s for s in settings if f"`{s}`" not in config]
        ok(result.returncode == 0 and len(settings) > 4 and not missing,
           f"heimgate-{name} --help lists its settings, and docs/CONFIG.md has them", missing)
        result = run(str(BIN / f"heimgate-{name}"), "--nonsense")
        ok(result.returncode == 100 and result.stderr.count("\n") == 1,
           f"heimgate-{name} refuses an unknown argument in one line with status 100", result.stderr)


def check_manual():
    for name in [f"heimgate-{d}.8" for d in DAEMONS + ["up"]] + [f"heimgate-{t}.1" for t in TOOLS[1:]] + \
            ["heimgate.1", "models.json.5"]:
        page = ROOT / "docs" / "man" / name
        ok(page.exists(), f"there is a manual page {name}")
    pages = [str(p) for p in sorted((ROOT / "docs" / "man").iterdir())]
    result = run("mandoc", "-Tlint", "-Wwarning", *pages)
    ok(result.returncode == 0, "mandoc finds nothing wrong with them", result.stdout)


def check_named_tests():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        named = {name for name in re.findall(r"`(tests/[\w./-]+)`", page.read_text())}
        missing = sorted(name for name in named if not (ROOT / name).exists())
        ok(not missing, f"the {len(named)} tests that docs/{page.relative_to(ROOT / 'docs')} names are there", missing)


def check_daemon_pages():
    for name in DAEMONS:
        lines = (ROOT / name / "README.md").read_text().splitlines()
        parts = [line[3:] for line in lines if line.startswith("## ")]
        ok(len(lines) <= 40 and parts[:4] == ["Reading order", "Messages", "Promises", "If compromised"],
           f"{name}/README.md says in 40 lines what there is to know", parts)
        text, sources = "\n".join(lines), {path.name for path in (ROOT / name).glob("*.c")}
        strange = [file for file in re.findall(r"`(\w+\.c)`", text) if file not in sources]
        ok(not strange, "and names files that are there", strange)


def check_bodies():
    text = (ROOT / "docs" / "PROTOCOL.md").read_text()
    table = re.findall(r"^\| \d+ \| `([A-Z_]+)` \| .* \| \w", text, re.M)
    bodies = text[text.index("### Bodies"):]
    missing = [m for m in table if not re.search(rf"\b{m}\b", bodies)]
    ok(len(table) > 20 and not missing, "docs/PROTOCOL.md has the fields of every message", missing)
    vectors = re.findall(r"^\| ((?:[A-Z_]+(?:, )?)+) \| (.*) \|$", bodies, re.M)
    for names, fields in vectors:
        bare = fields in ("", "bytes, bare")
        for name in names.split(", "):
            there = (ROOT / "tests" / "proto" / "vectors" / f"{name}.hex").exists()
            if there == bare:
                ok(False, f"{name} has a vector if and only if it has fields")


def documents():
    """(path, text) of whatever tells people what to do."""
    patterns = ("*.md", "docs/*.md", "*/README.md", "compose/**/*")
    for path in (file for pattern in patterns for file in ROOT.glob(pattern)):
        if path.is_file() and path.suffix not in (".c", ".h") and "secrets" not in path.parts:
            yield path, path.read_text()


def check_targets():
    text = run("make", "help").stdout
    wanted = set()
    for _, document in documents():
        wanted |= set(re.findall(r"`(?:sudo )?make ([a-z0-9_-]+)", document))
        wanted |= set(re.findall(r"^(?:\$ |sudo )?make ([a-z0-9_-]+)", document, re.M))
    missing = [w for w in sorted(wanted) if f"make {w} " not in text]
    ok(wanted and not missing, "every make target that a document names is in make help", missing)


def check_settings():
    known = set(re.findall(r"^\| `(HEIMGATE_\w+)`", (ROOT / "docs" / "CONFIG.md").read_text(), re.M))
    unknown = [f"{path.name}: {name}" for path, text in documents()
               for name in sorted(set(re.findall(r"\bHEIMGATE_[A-Z_]*[A-Z]\b", text)) - known)]
    ok(known and not unknown, "every setting that a document or an installed file names is one", unknown)


def typed(text):
    """What a document has people type: lines of shell, and code within a sentence."""
    for language, block in re.findall(r"^```(sh|console)\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").split("\n"):
            if language == "sh" or line.startswith("$ "):
                yield line
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def unknown_in(tool, arguments):
    """What of a command line the tool does not know of."""
    program = str(BIN / f"heimgate-{tool}")
    verb = next(iter(re.findall(r"^[a-z]+$", (arguments or [""])[0])), None)
    said = run(program, *([verb] if verb else []), "--help").stdout + run(program, "--help").stdout
    return [word for word in arguments if (word == verb or word.startswith("--")) and word.split("=")[0] not in said]


def check_commands():
    checked, unknown = 0, []
    for path, text in documents():
        lines = "\n".join(typed(text))
        for tool, rest in re.findall(r"(?:^|[\s/(])heimgate ([a-z]+)((?: [^\s|;<>&#)]+)*)", lines, re.M):
            checked += 1
            if tool not in TOOLS or unknown_in(tool, rest.split()):
                unknown.append(f"{path.name}: heimgate {tool}{rest}")
    ok(checked > 10 and not unknown, "every command that a document gives is one, with its options", unknown)


def check_links():
    broken = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            if not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")
    ok(not broken, "no document links to a file that is not there", broken)


check_tables()
check_help()
check_manual()
check_named_tests()
check_daemon_pages()
check_bodies()
check_targets()
check_settings()
check_commands()
check_links()
