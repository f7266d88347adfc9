"""Test Anything Protocol for tests in Python.

    import tap
    tap.ok(2 + 2 == 4, "arithmetic works")
    tap.is_("a", "a", "letters are equal")

The plan is printed when the script ends.  It exits with 1 when a check failed or none was made, and an exception
that nobody caught is a failed check.
"""

import atexit
import os
import sys
import threading
import traceback

_count = 0
_failed = 0
_planned = None
_lock = threading.Lock()


def plan(count):
    """Says how many checks there will be; another number of them is a failure."""
    global _planned
    _planned = count
    print("1..%d" % count, flush=True)


def skip_all(reason):
    """Ends the script: nothing of it can be checked on this machine."""
    global _planned
    _planned = 0
    print("1..0 # SKIP " + reason, flush=True)
    sys.exit()


def diag(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def ok(good, name):
    """One check.  Returns whether it held."""
    global _count, _failed
    with _lock:
        _count += 1
        _failed += not good
        print("%sok %d - %s" % ("" if good else "not ", _count, name.replace("#", "number ")), flush=True)
    if not good:
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        diag("at %s:%d" % (os.path.basename(frame.f_code.co_filename), frame.f_lineno))
    return bool(good)


def _short(value):
    text = repr(value)
    return text if len(text) <= 2000 else "%s... (%d characters)" % (text[:2000], len(text))


def is_(got, wanted, name):
    good = ok(got == wanted, name)
    if not good:
        diag("     got: " + _short(got))
        diag("  wanted: " + _short(wanted))
    return good


def has(text, part, name):
    """Whether `part` occurs in `text`."""
    good = ok(part in text, name)
    if not good:
        diag("    this: " + _short(text))
        diag("   lacks: " + _short(part))
    return good


def failures():
    return _failed


def _uncaught(kind, value, trace):
    global _count, _failed
    _count += 1
    _failed += 1
    print("not ok %d - the script ended with %s" % (_count, kind.__name__), flush=True)
    diag("".join(traceback.format_exception(kind, value, trace)))


def _thread_uncaught(arguments):
    if arguments.exc_type is not SystemExit:
        with _lock:
            _uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def _end():
    global _failed
    if _planned is None:
        print("1..%d" % _count, flush=True)
        _failed += _count == 0
    elif _planned != _count:
        diag("planned %d checks, made %d" % (_planned, _count))
        _failed += 1
    if _failed:
        diag("%d of %d failed" % (_failed, _count))
        sys.stdout.flush()
        os._exit(1)


sys.excepthook = _uncaught
threading.excepthook = _thread_uncaught
atexit.register(_end)
