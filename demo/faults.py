"""What goes wrong in the demo's live traffic, each fault with the sentence that announces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from demo.features import Cells

Change = Callable[[np.random.Generator, list[str]], list[str]]


@dataclass(frozen=True)
class Fault:
    """One column, and how its cells change once the trouble begins; `check` is the check that should notice."""

    column: str
    check: str
    sentence: str
    change: Change


def _raise_prices(_: np.random.Generator, texts: list[str]) -> list[str]:
    return [f"{float(text) * 2.2:.2f}" for text in texts]


def _some(share: float, replace: Callable[[str], str]) -> Change:
    """A change of a share of the cells."""

    def change(rng: np.random.Generator, texts: list[str]) -> list[str]:
        hits = rng.random(len(texts)) < share
        return [replace(text) if hit else text for text, hit in zip(texts, hits.tolist(), strict=True)]

    return change


FAULTS = (
    Fault(
        "basket_value", "baseline_drift_check", "drift in a number: baskets are worth 2.2 times as much", _raise_prices
    ),
    Fault(
        "is_new_device",
        "baseline_drift_check",
        "drift in a 0/1 flag: 1 in half of the rows",
        _some(0.45, lambda _: "1"),
    ),
    Fault(
        "payment_method",
        "baseline_drift_check",
        "drift in a text: half of all pay by invoice",
        _some(0.5, lambda _: "invoice"),
    ),
    Fault("customer_age", "completeness_check", "missing values: 8 % of the ages are empty", _some(0.08, lambda _: "")),
    Fault(
        "items_in_cart", "data_type_check", "a type change: 3 % say '2 pcs' instead of 2", _some(0.03, "{} pcs".format)
    ),
    Fault("country", "categorical_values_check", "a new category: 2 % come from 'XK'", _some(0.02, lambda _: "XK")),
    Fault(
        "browser",
        "categorical_values_check",
        "a new category: 1 % browse with 'Ladybird'",
        _some(0.01, lambda _: "Ladybird"),
    ),
)


def spoil(rng: np.random.Generator, cells: Cells) -> Cells:
    """The cells with every fault in them."""
    return cells | {fault.column: fault.change(rng, cells[fault.column]) for fault in FAULTS}


DAMAGES = (
    "a record cut in the middle",
    "bytes that are not UTF-8",
    "a line that is no JSON object",
    "a record without either side",
)


def damaged(record: bytes) -> Iterator[bytes]:
    """A good line in every damaged form of DAMAGES, for the quarantine to catch."""
    yield record[: len(record) // 2]
    yield record.replace(b'"data":"', b'"data":"\xff\xfe', 1)
    yield b'["not", "a", "record"]'
    yield b'{"captureData":{},"eventMetadata":{"eventId":"without-sides"},"eventVersion":"0"}'
