"""The independent model of Deequ's numerics that lies beside the golden recordings."""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest


@cache
def deequ_model(golden: Path) -> Any:
    """The model as a module; skips when it is absent."""
    path = golden.parent / "oracle/deequ_model.py"
    spec = importlib.util.spec_from_file_location("deequ_model", path) if path.exists() else None
    if spec is None or spec.loader is None:
        pytest.skip("the independent model of Deequ beside the golden recordings is absent")
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the model leaves a file to the garbage collector
        spec.loader.exec_module(module)
    return module
