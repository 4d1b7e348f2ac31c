"""The hosts' connection: only those who know the secret are heard, and nothing is altered, dropped or replayed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from container import channel
from container.channel import Channel, job_secret
from container.hub import Hub
from tests.container.box import until

SECRET = job_secret("arn:job", "algo-1", "algo-2")
OPENED: list[socket.socket] = []
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@pytest.fixture(autouse=True)
def _close_sockets() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def connected(server: bytes = SECRET, client: bytes = SECRET) -> tuple[Channel, Channel, tuple[socket.socket, ...]]:
    """Both ends of a connection, and their sockets."""
    sockets = socket.socketpair()
    OPENED.extend(sockets)
    ends: dict[bool, Channel] = {}

    def make(end: socket.socket, secret: bytes, is_server: bool) -> None:
        ends[is_server] = Channel(end, secret, server=is_server)

    both = [
        threading.Thread(target=make, args=arguments)
        for arguments in ((sockets[0], server, True), (sockets[1], client, False))
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    return ends[True], ends[False], sockets


def changed(change: Callable[[bytearray], None]) -> Channel:
    """A server to which a client's message arrives changed."""
    server, client, (near, far) = connected()
    client.send({"name": "algo-2"})
    frame = bytearray(near.recv(1000))
    change(frame)
    far.sendall(frame)
    return server


@given(JSON)
def test_messages_arrive_as_they_were_sent(value: object) -> None:
    server, client, _ = connected()
    client.send({"value": value})
    server.send({"answer": value})
    assert (server.receive(), client.receive()) == ({"value": value}, {"answer": value})
    server.close()
    client.close()


def test_a_stranger_is_not_heard() -> None:
    server, client, _ = connected(client=job_secret("arn:other", "algo-1", "algo-2"))
    client.send({"name": "algo-2"})
    with pytest.raises(ConnectionError, match="does not know the secret"):
        server.receive()


@pytest.mark.parametrize("place", [4, 20, 36, -1])
def test_a_changed_message_is_noticed(place: int) -> None:
    server = changed(lambda frame: frame.__setitem__(place, frame[place] ^ 1))
    with pytest.raises(ConnectionError):
        server.receive()


def test_a_repeated_message_is_noticed() -> None:
    server = changed(lambda frame: frame.extend(frame))
    assert server.receive() == {"name": "algo-2"}
    with pytest.raises(ConnectionError):
        server.receive()


def test_a_message_comes_back_to_its_sender_unheard() -> None:
    _, client, (near, _) = connected()
    client.send({"failed": "x"})
    near.sendall(near.recv(1000))
    with pytest.raises(ConnectionError):
        client.receive()


def test_an_endless_message_is_refused_before_it_is_read() -> None:
    server = changed(lambda frame: frame.__setitem__(slice(0, 4), b"\xff\xff\xff\xff"))
    with pytest.raises(ConnectionError, match="too long"):
        server.receive()


def test_silence_ends_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "SILENCE_SECONDS", 0.2)
    server, _, _ = connected()
    with pytest.raises(ConnectionError, match="silent"):
        server.receive()


def test_the_secret_differs_with_every_part() -> None:
    secrets = {job_secret(*parts) for parts in (("a", "b"), ("ab", ""), ("", "ab"), ("a", "c"), ("a", "b", ""))}
    assert len(secrets) == 5


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def join(port: int, name: str, secret: bytes = SECRET) -> Channel:
    member = Channel(socket.create_connection(("127.0.0.1", port)), secret, server=False)
    member.send({"name": name, "heap": 480, "cores": 2})
    return member


def test_the_first_host_sees_who_joins_and_who_is_lost(port: int) -> None:
    hub = Hub(["algo-2", "algo-3"], port, SECRET)
    assert hub.missing() == ["algo-2", "algo-3"]
    second, third = join(port, "algo-2"), join(port, "algo-3")
    until(lambda: not hub.missing(), 5)
    assert hub.trouble() == ""
    third.close()
    until(hub.trouble, 5)
    assert "host algo-3" in hub.trouble()
    hub.tell({"code": 4})
    assert second.receive() == {"code": 4}
    second.close()
    hub.close()


def test_a_host_says_itself_why_it_fails(port: int) -> None:
    hub = Hub(["algo-2"], port, SECRET)
    member = join(port, "algo-2")
    member.send({"failed": "its disk is full"})
    member.close()
    until(hub.trouble, 5)
    assert hub.trouble() == "host algo-2: its disk is full"
    hub.close()


@pytest.mark.parametrize(("name", "secret"), [("algo-9", SECRET), ("algo-2", b"guessed")])
def test_a_stranger_does_not_join_and_does_no_harm(port: int, name: str, secret: bytes) -> None:
    hub = Hub(["algo-2"], port, SECRET)
    stranger = join(port, name, secret)
    with pytest.raises(ConnectionError):
        stranger.receive()
    assert (hub.missing(), hub.trouble()) == (["algo-2"], "")
    stranger.close()
    hub.close(0)
