"""Remote: a model behind a connection, asked in batches, a few at a time, with patience that ends.

Failures that may pass (no answer in time, a lost connection, PASSING) are tried again after growing pauses; others,
501, 505 and 507 among them, are not.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import sleep
from typing import Protocol

import numpy as np

from analyzer.batch import Floats
from analyzer.errors import ContractError, PredictorFailed
from analyzer.log import counted, one_line, redacted
from analyzer.predictors.answer import Answer
from analyzer.predictors.request import Request
from analyzer.predictors.rows import Features

BATCH_ROWS = 1000
BATCH_BYTES = 5_000_000  # of a body; SageMaker takes 6 MB
LARGEST_ANSWER_BYTES = 64 << 20
PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses after which another try may succeed
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model sent back."""

    body: bytes
    content_type: str | None


class Refused(Exception):
    """An answer that will not change: the request is wrong. too_large: a smaller one might be taken."""

    def __init__(self, text: str, *, too_large: bool = False) -> None:
        super().__init__(text)
        self.too_large = too_large


class Oversized(Refused):
    """An answer longer than any that is read; to ask again would bring the same."""

    def __init__(self) -> None:
        super().__init__(f"its answer is larger than {LARGEST_ANSWER_BYTES >> 20} MiB")


class Busy(Exception):
    """No answer now. pause_seconds: how long the other side asked to wait, 0 if it did not."""

    def __init__(self, text: str, pause_seconds: float = 0.0) -> None:
        super().__init__(text)
        self.pause_seconds = pause_seconds


class Transport(Protocol):
    """Carries one body to the model and its answer back; raises Refused or Busy. May be called by several threads."""

    @property
    def described(self) -> str: ...
    def send(self, body: bytes, content_type: str, accept: str) -> Reply: ...


@dataclass(frozen=True)
class Manners:
    """How a model is asked. batch_rows: rows a call. concurrency: calls under way at once, of each process.

    retries: further tries of a call that failed for now. pause_seconds: before the first of them, then doubling.
    """

    batch_rows: int = BATCH_ROWS
    concurrency: int = 4
    retries: int = 5
    pause_seconds: float = FIRST_PAUSE_SECONDS


@dataclass(frozen=True)
class RemotePredictor:
    """A model that is asked over a connection."""

    transport: Transport
    request: Request = field(default_factory=Request)
    answer: Answer = field(default_factory=Answer)
    manners: Manners = field(default_factory=Manners)

    @property
    def described(self) -> str:
        return self.transport.described

    def predict(self, features: Features, rows: Floats) -> Floats:
        parts = [rows[at : at + self.manners.batch_rows] for at in range(0, len(rows), self.manners.batch_rows)]
        if len(parts) == 1:
            return self._asked(features, parts[0])
        # Threads end with the call: none is alive when a process forks.
        with ThreadPoolExecutor(min(self.manners.concurrency, len(parts))) as threads:
            answers = list(threads.map(lambda part: self._asked(features, part), parts))
        if len({found.shape[1] for found in answers}) > 1:
            raise ContractError(f"{self.described} gives one number to some rows and several to others.")
        return np.concatenate(answers)

    def _asked(self, features: Features, rows: Floats) -> Floats:
        body = self.request.body(features, rows)
        if len(body) > BATCH_BYTES and len(rows) > 1:
            return self._halved(features, rows)
        try:
            reply = self._sent(body, len(rows))
        except Oversized as error:
            raise ContractError(
                f"{self.described} was asked about {counted(len(rows), 'row')}, and {error}, the most that is read. "
                "Hint: set a smaller batch_rows in predictor."
            ) from error
        except Refused as error:
            if error.too_large and len(rows) > 1:
                return self._halved(features, rows)
            raise ContractError(
                f"{self.described} refused a request of {len(rows)} rows: {error}. Hint: compare "
                f"predictor.content_type ({self.request.content_type}) and the templates with what the model expects; "
                f"the body began with {_shown(body)}."
            ) from error
        return self.answer.numbers(reply.body, reply.content_type, len(rows))

    def _halved(self, features: Features, rows: Floats) -> Floats:
        middle = len(rows) // 2
        return np.concatenate([self._asked(features, part) for part in (rows[:middle], rows[middle:])])

    def _sent(self, body: bytes, rows: int) -> Reply:
        """The reply, after as many tries as the manners allow; PredictorFailed when none came. Raises Refused."""
        tries = self.manners.retries + 1
        for number, pause in enumerate(_pauses(self.manners), 1):
            try:
                return self.transport.send(body, self.request.content_type, self.answer.accept)
            except Busy as error:
                if number == tries:
                    raise PredictorFailed(
                        f"{self.described} gave no answer to a request of {rows} rows in {tries} tries: {error}. "
                        "Hint: see the log of the model, or set batch_rows, concurrency, timeout_seconds or retries "
                        "in predictor."
                    ) from error
                wait = min(max(pause, error.pause_seconds), LONGEST_PAUSE_SECONDS)
                _log.warning("%s: %s; try %d of %d in %.1f s.", self.described, error, number + 1, tries, wait)
                sleep(wait)
        raise AssertionError("unreachable")  # pragma: no cover - the last try returns or raises


def _pauses(manners: Manners) -> Iterator[float]:
    """A pause after each try, doubling, each spread by chance so that workers do not come back together."""
    for number in range(manners.retries + 1):
        yield min(manners.pause_seconds * 2**number, LONGEST_PAUSE_SECONDS) * random.uniform(0.75, 1.25)  # noqa: S311


def told(status: int, body: bytes) -> str:
    """Status and first words of an error answer, safe for logs."""
    text = redacted(one_line(body[:300].decode("utf-8", "replace").strip(), 300))
    return f"status {status}{f' ({text})' if text else ''}"


def _shown(body: bytes) -> str:
    return repr(redacted(one_line(body[:60].decode("utf-8", "replace"), 60)))
