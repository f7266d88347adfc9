#!/usr/bin/env python3
"""The ledger of reviews: a file that changes loses its mark."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tap"))
import tap  # noqa: E402

TOOL = os.path.join(HERE, "reviews.sh")


class Tree:
    """A repository of its own, with one file and an empty ledger."""

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(os.path.join(directory, "docs"))
        self.write("docs/REVIEWS", "# who read what\n")
        self.write("a.c", "int a;\n")
        self.git("init", "--quiet")
        self.commit()

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments], cwd=self.directory, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")

    def reviews(self, *arguments):
        done = subprocess.run([TOOL, *arguments], cwd=self.directory, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def last(self):
        return self.reviews("list")[1].splitlines()[-1]


with tempfile.TemporaryDirectory() as place:
    tree = Tree(place)
    tap.is_(tree.last(), "0 of 1 files are as they were read", "nothing was read")
    tap.is_(tree.reviews("mark", "a.c"), (0, ""), "a file is marked")
    tap.is_(tree.last(), "1 of 1 files are as they were read", "and counts as read")
    tap.is_(tree.reviews("check"), (0, ""), "nothing is amiss")
    tree.write("a.c", "int b;\n")
    tap.is_(tree.last(), "0 of 1 files are as they were read", "once it is changed, it does not")
    code, said = tree.reviews("check")
    tap.ok(code == 1 and said.startswith("a.c is no longer what was read at "), "and the check says so")
    tap.is_(tree.reviews("mark", "a.c")[0], 1, "what is in no commit cannot be marked")
    tree.commit()
    tap.is_((tree.reviews("mark", "a.c"), tree.reviews("check")), ((0, ""), (0, "")), "read again, it has its mark back")
    with open(os.path.join(place, "docs", "REVIEWS"), encoding="utf-8") as ledger:
        lines = ledger.read().splitlines()
    tap.ok(len(lines) == 2 and lines[0] == "# who read what", "with one line, below the comment")
    os.remove(os.path.join(place, "a.c"))
    tap.is_(tree.reviews("check")[0], 1, "a file that is gone has no mark")
