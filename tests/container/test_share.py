"""Parts of the input on several hosts are read as if one host had all, and given to nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import SourceUnreadable
from analyzer.s3 import Unavailable
from analyzer.sources.files import list_files, list_local
from analyzer.sources.gathering import gathered
from analyzer.sources.shares import TABLE, Host, SharedObject, Shares
from analyzer.sources.storage import read_all, seekable, stream
from analyzer.sources.window import Window
from container.share import Share

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, which makes certificates, is missing")

NAMES = ("localhost", "127.0.0.1")  # two hosts as far as anybody can tell
TOKEN = "0123456789abcdef"
BODY = os.urandom(3_000_000)
Tell = Callable[..., None]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """What each host has: hours of captures, and files that are no data."""
    found = [tmp_path / "input/a", tmp_path / "input/b"]
    for at, folder in enumerate(found):
        for hour in ("08", "09"):
            file = folder / f"variant/2026/01/15/{hour}/part-{at}.jsonl"
            file.parent.mkdir(parents=True)
            file.write_bytes(BODY[: 1000 + at])
        (folder / "empty").touch()
        (folder / "_hidden").write_text("x")
    (tmp_path / "secret").write_text("not shared")
    (found[0] / "link").symlink_to(tmp_path / "secret")
    return found


@pytest.fixture
def hosts(folders: list[Path], tmp_path: Path) -> Iterator[dict[str, Share]]:
    """Both hosts, serving."""
    found = {}
    for name, folder in zip(NAMES, folders, strict=True):
        (tmp_path / name).mkdir()
        found[name] = Share(name, [str(folder)], TOKEN, tmp_path / name, port=0)
    yield found
    for share in found.values():
        share.close()


@pytest.fixture
def tell(hosts: dict[str, Share], folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Writes the table that this process reads; by default it is a third host, which has nothing."""

    def write(here: str = "third", token: str = TOKEN, ports: dict[str, int] | None = None, pem: str = "") -> None:
        known = {
            name: Host((ports or {}).get(name, share.server_port), pem or share.certificate)
            for name, share in hosts.items()
        }
        table = tmp_path / f"table-{len(list(tmp_path.iterdir()))}.json"
        table.write_bytes(msgspec.json.encode(Shares(here, known, [str(folder) for folder in folders], token)))
        monkeypatch.setenv(TABLE, str(table))

    write()
    return write


def bare(path: str) -> str:
    """The path on its host."""
    return "/" + path.removeprefix("host://").partition("/")[2] if path.startswith("host://") else path


@pytest.mark.usefixtures("tell")
def test_the_listing_is_that_of_a_host_that_has_all(tmp_path: Path) -> None:
    root = str(tmp_path / "input")
    expected, found = list_local(root, None).ordered(), gathered(root, None, None)
    assert [(bare(file.path), file.size) for file in found.files] == [(file.path, file.size) for file in expected.files]
    assert {file.path.split("/")[2] for file in found.files} == set(NAMES)
    assert sorted((bare(path), reason) for path, reason in found.skips) == expected.skips


@pytest.mark.usefixtures("tell")
def test_hours_outside_the_window_are_left_out_on_every_host(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 15, 11, tzinfo=UTC)
    found = gathered(str(tmp_path / "input"), None, (moment.replace(hour=9), moment))
    assert [file.path[-14:] for file in found.files] == ["9/part-0.jsonl", "9/part-1.jsonl"]
    assert found.pruned == [moment.replace(hour=8)]


def test_own_files_are_read_from_the_own_disk(tell: Tell, hosts: dict[str, Share], folders: list[Path]) -> None:
    file = folders[0] / "variant/2026/01/15/08/part-0.jsonl"
    tell(here=NAMES[0])
    hosts[NAMES[0]].close()
    assert read_all(f"host://{NAMES[0]}{file}") == file.read_bytes()


def test_list_files_adds_the_others_parts_to_its_own(tell: Tell, folders: list[Path]) -> None:
    tell(here=NAMES[0])
    root = str(folders[0].parent)
    assert [bare(file.path) for file in list_files(root).files] == [
        file.path for file in list_local(root, None).ordered().files
    ]
    assert list_files(str(folders[1]), Window()).files[0].path.startswith("host://")


@pytest.mark.usefixtures("tell")
@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (0, 3_000_000), (1_048_575, 1_048_577), (2_999_999, 9_000_000), (3_000_000, 4_000_000)]
)
def test_any_range_of_a_file_arrives_as_it_is(folders: list[Path], start: int, end: int) -> None:
    (folders[1] / "large").write_bytes(BODY)
    found = SharedObject(f"host://{NAMES[1]}{folders[1]}/large")
    assert b"".join(found.read(start, end)) == BODY[start:end]
    assert found.measure() == len(BODY)


@pytest.mark.usefixtures("tell")
def test_streams_and_seeking_readers_find_the_same(folders: list[Path]) -> None:
    table = pa.table({"a": range(100_000), "b": [str(row) for row in range(100_000)]})
    pq.write_table(table, folders[1] / "rows.parquet")
    path = f"host://{NAMES[1]}{folders[1]}/rows.parquet"
    with seekable(path) as file:
        assert pq.read_table(file).equals(table)
    assert b"".join(stream(path, 0, 10)) == (folders[1] / "rows.parquet").read_bytes()
    assert b"".join(stream(f"host://{NAMES[1]}{folders[1]}/empty", 0, 10)) == b""


@pytest.mark.usefixtures("tell")
def test_names_that_are_no_utf8_arrive(folders: list[Path]) -> None:
    name = os.fsdecode(b"caf\xe9 #?&%2e.csv")
    (folders[0] / name).write_bytes(b"a,b")
    found = next(file for file in gathered(str(folders[0]), None, None).files if "caf" in file.path)
    assert read_all(found.path) == b"a,b"


@pytest.mark.usefixtures("tell")
@pytest.mark.parametrize(
    "place", ["{root}/secret", "{root}/input/a/../../secret", "{root}/input/a/link", "/etc/passwd"]
)
def test_what_is_not_shared_is_not_given(tmp_path: Path, place: str) -> None:
    with pytest.raises(FileNotFoundError):
        b"".join(SharedObject(f"host://{NAMES[0]}{place.format(root=tmp_path)}").read(0, 10))


@pytest.mark.usefixtures("tell")
def test_a_pipe_is_neither_given_nor_waited_for(folders: list[Path]) -> None:
    os.mkfifo(folders[0] / "pipe")
    with pytest.raises(OSError, match="host localhost answered 500"):
        b"".join(SharedObject(f"host://{NAMES[0]}{folders[0]}/pipe").read(0, 10))


@pytest.mark.usefixtures("tell")
def test_a_folder_that_no_host_has_is_missing(folders: list[Path]) -> None:
    with pytest.raises(SourceUnreadable, match="No such file"):
        list_files(f"{folders[0]}/absent")


def test_who_does_not_know_the_token_gets_nothing(tell: Tell, folders: list[Path]) -> None:
    tell(token="guessed")
    with pytest.raises(PermissionError, match="403"):
        gathered(str(folders[0]), None, None)


def test_a_host_with_another_certificate_is_not_believed(
    tell: Tell, hosts: dict[str, Share], folders: list[Path]
) -> None:
    tell(pem=hosts[NAMES[1]].certificate)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        gathered(str(folders[0]), None, None)


@pytest.mark.usefixtures("tell")
def test_a_host_that_is_gone_is_named(hosts: dict[str, Share], folders: list[Path]) -> None:
    hosts[NAMES[1]].close()
    with pytest.raises(SourceUnreadable, match=r"host 127\.0\.0\.1 cannot be asked"):
        list_files(str(folders[0].parent / "b/x"))


def test_a_stream_that_breaks_goes_on_where_it_broke(tell: Tell, hosts: dict[str, Share], folders: list[Path]) -> None:
    (folders[1] / "large").write_bytes(BODY)
    with cutting(hosts[NAMES[1]].server_port, after=700_000) as (port, connections):
        tell(ports={NAMES[1]: port})
        assert b"".join(SharedObject(f"host://{NAMES[1]}{folders[1]}/large").read(0, len(BODY))) == BODY
        assert len(connections) > 4


def test_without_a_table_there_are_no_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TABLE, raising=False)
    with pytest.raises(OSError, match="only local paths and s3:// URIs"):
        list(stream("host://algo-2/x", 0, 1))
    with pytest.raises(SourceUnreadable, match="only local paths"):
        list_files("host://algo-2/x")
    assert list_files(str(tmp_path)).files == []


class cutting:  # noqa: N801 - reads as what it does
    """A relay to a port that cuts every connection after so many bytes of the answer."""

    def __init__(self, port: int, after: int) -> None:
        self._port, self._after, self._connections = port, after, list[socket.socket]()
        self._server = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> tuple[int, list[socket.socket]]:
        threading.Thread(target=self._accept, daemon=True).start()
        return self._server.getsockname()[1], self._connections

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._connections += [near, far]
                threading.Thread(target=self._relay, args=(near, far, 1 << 40), daemon=True).start()
                threading.Thread(target=self._relay, args=(far, near, self._after), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, count: int) -> None:
        with suppress(OSError):
            while count > 0 and (data := source.recv(65536)):
                target.sendall(data)
                count -= len(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)
