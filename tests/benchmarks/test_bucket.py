"""The hollow bucket of the measures of scale answers as a bucket with these files would."""

from __future__ import annotations

import threading

import pytest

from analyzer.sources.files import list_files
from analyzer.sources.splits import plan
from benchmarks import bucket
from benchmarks.bucket import Files


@pytest.mark.usefixtures("s3_endpoint")  # its credentials
@pytest.mark.parametrize("count", [5, 999, pytest.param(25_050, marks=pytest.mark.slow)])
def test_every_file_is_listed_once(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    files = Files(count, 40_000_000, 70_000_000)
    monkeypatch.setattr(bucket, "SECONDS", 0.0)
    with bucket.Server(("127.0.0.1", 0), bucket.handler(files)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        found = list_files("s3://bucket/captured/").files
        splits = plan(found[:30])
        server.shutdown()

    expected = {f"s3://bucket/{files.key(at)}": files.size(at) for at in range(count)}
    assert {file.path: file.size for file in found} == expected
    assert len(found) == count
    assert len(splits) >= len(found[:30]) // 2
