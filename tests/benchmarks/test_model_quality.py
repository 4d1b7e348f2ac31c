"""The benchmark compares like with like: on its own data our metrics are scikit-learn's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.model_quality import Data, differences, ours, theirs


@pytest.mark.slow
@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed. Hint: install the extra 'spark'.")
def test_the_peer_finds_the_same_numbers(tmp_path: Path) -> None:
    data = Data(tmp_path, 3000)
    data.write()

    _, found = ours(data, tmp_path / "report")

    for flags in ((), ("--loads",)):
        _, expected = theirs(data, *flags)
        assert expected["rows"] == found["rows"] == 3000
        assert differences(found, expected) == []
    assert differences({**found, "recall": {"value": 0.1}}, expected) != []
