"""Other people's client libraries: unpacked by ./dev under build/unpacked and build/npm, else those of the machine."""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build/unpacked/usr/lib/python3/dist-packages"
NODE_MODULES = ROOT / "build/npm/node_modules"


def python_module(name: str):
    """The module, or the test is skipped."""
    if UNPACKED.is_dir() and str(UNPACKED) not in sys.path:
        sys.path.append(str(UNPACKED))  # what is installed goes first
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"the Python module {name} is not there") from None


def npm_version(module: str) -> str:
    return json.loads((NODE_MODULES / module / "package.json").read_text())["version"]


def node_environment() -> dict[str, str]:
    return dict(os.environ, NODE_PATH=str(NODE_MODULES))


def run_node(module: str, script: pathlib.Path, *args: str, seconds: float = 60) -> str:
    """What the script prints; a script that fails is an error. Without Node or the module the test is skipped."""
    node = shutil.which("node")
    if not node or not (NODE_MODULES / module).is_dir():
        raise unittest.SkipTest(f"node with the npm package {module} is not there")
    done = subprocess.run([node, str(script), *args], capture_output=True, text=True, timeout=seconds,
                          env=node_environment())
    if done.returncode != 0:
        raise AssertionError(f"{script.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
