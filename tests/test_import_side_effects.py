"""Importing a module changes nothing for the rest of the process: that belongs to whoever imports it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

STATE = """
import atexit, importlib, json, locale, logging, os, pkgutil, random, resource, signal, sys, threading, warnings

PACKAGES = ("edge", "cloud", "distill", "compress", "export", "pipeline")

def own_modules():
    for package in map(importlib.import_module, PACKAGES):
        yield package.__name__
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith(".__main__"):  # which runs a program
                yield module.name

def logger_state(logger):
    return logger.level, logger.disabled, logger.propagate, [repr(handler) for handler in logger.handlers]

def state():
    import matplotlib, numpy, torch
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    descriptors = {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                   if os.path.lexists(f"/proc/self/fd/{name}")}
    return {
        "environment": dict(os.environ),
        "torch's threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "torch's defaults": (str(torch.get_default_dtype()), torch.is_grad_enabled()),
        "random numbers": (torch.initial_seed(), hash(random.getstate()), numpy.random.get_state()[1].sum().item()),
        "numpy's errors": numpy.geterr(),
        "matplotlib's backend": repr(dict.__getitem__(matplotlib.rcParams, "backend")),
        "signal handlers": {int(number): repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "warning filters": list(map(repr, warnings.filters)),
        "logging": [logging.root.manager.disable, *map(logger_state, [logging.root, *loggers])],
        "file descriptors": descriptors,
        "standard streams": list(map(id, (sys.stdin, sys.stdout, sys.stderr, sys.excepthook, sys.displayhook))),
        "limits": [resource.getrlimit(kind) for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE)],
        "processors": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        "threads": [thread.name for thread in threading.enumerate()],
        "exit handlers": atexit._ncallbacks(),
        "places": (os.getcwd(), list(sys.path), locale.setlocale(locale.LC_ALL), sys.getrecursionlimit()),
    }
"""
# Commands that other tests ran in this process have set it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
FOREIGN = f"""{STATE}
before = set(sys.modules)
for name in own_modules():
    importlib.import_module(name)
foreign = [name for name in sys.modules if name not in before and name.split(".")[0] not in PACKAGES]
print(json.dumps(foreign))
"""
CHANGED = f"""{STATE}
import contextlib, itertools
foreign, planted = json.load(sys.stdin)
for name in foreign:
    with contextlib.suppress(ImportError):  # some are made by others when those are imported
        importlib.import_module(name)
changed, before, count = {{}}, state(), 0
for name in itertools.chain(own_modules(), filter(None, [planted])):
    importlib.import_module(name) if name != planted else exec(planted)
    count += 1
    after = state()
    changed |= {{f"{{name}}: {{key}}": repr(after[key]) for key in before if after[key] != before[key]}}
    before = after
print(json.dumps([count, changed]))
"""


@pytest.fixture(scope="module")
def foreign() -> str:
    """The packages of others that ours import, with all their modules: what those do is not ours to answer for."""
    done = subprocess.run([sys.executable, "-c", FOREIGN], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def changes(foreign: str, planted: str = "") -> dict[str, str]:
    given = f"[{foreign}, {json.dumps(planted)}]"
    command = [sys.executable, "-c", CHANGED]
    done = subprocess.run(command, input=given, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    count, changed = json.loads(done.stdout.splitlines()[-1])
    assert count > 150  # modules
    return dict(changed)


def test_importing_any_module_leaves_the_process_as_it_was(foreign: str) -> None:
    assert changes(foreign) == {}


def test_the_check_for_side_effects_sees_one(foreign: str) -> None:
    planted = "\n".join(
        [
            "import logging, os, signal, warnings, torch",
            "os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'",
            "torch.set_num_threads(torch.get_num_threads() + 1)",
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            "warnings.simplefilter('error', append=True)",
            "logging.getLogger('torch').setLevel(logging.ERROR)",
            "os.open(os.devnull, os.O_WRONLY)",
        ]
    )
    found = {change.rpartition(": ")[2] for change in changes(foreign, planted)}
    assert found == {
        "environment", "torch's threads", "signal handlers", "warning filters", "logging", "file descriptors",
    }  # fmt: skip
