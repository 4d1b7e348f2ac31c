"""The demo's shop: 40 columns of mixed kinds, drawn from a seed as the text cells a CSV file holds.

The prediction comes first, as Model Monitor expects it: the probability that an order is fraudulent.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Cells = dict[str, list[str]]  # column name -> one text per row
Floats = npt.NDArray[np.float64]

WORDS = ("please", "leave", "parcel", "with", "neighbour", "ring", "twice", "gift", "blue", "door", "noon", "garden")
CATEGORIES = {
    "payment_method": ("card", "paypal", "invoice", "transfer", "voucher"),
    "device": ("phone", "desktop", "tablet"),
    "browser": ("Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung"),
    "carrier": ("DHL", "UPS", "Post", "Pickup"),
    "warehouse": tuple("ABCDEFGH"),
    "language": ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "日本語"),
    "country": ("DE", "FR", "ES", "IT", "NL", "PL", "PT", "SE", "GB", "US", "CH", "AT"),
    "product_group": tuple(f"group {number:02d}" for number in range(1, 25)),
    "region": tuple(f"R{number:02d}" for number in range(1, 41)),
}


def draw(rng: np.random.Generator, rows: int) -> Cells:
    """Cells of `rows` orders, the prediction first."""
    parts = (_counts, _amounts, _measures, _flags, _categories, _identities, _mostly_missing)
    cells: Cells = {}
    for part in parts:
        cells.update(part(rng, rows))
    return {"fraud_probability": _predict(rng, cells), **cells}


def _predict(rng: np.random.Generator, cells: Cells) -> list[str]:
    score = -3.5 + 1.5 * _floats(cells["is_new_device"]) + 0.8 * _floats(cells["failed_logins"])
    score += 0.3 * np.log1p(_floats(cells["basket_value"])) + rng.normal(0, 0.7, len(score))
    return _texts(1 / (1 + np.exp(-score)))


def _counts(rng: np.random.Generator, rows: int) -> Cells:
    return {
        "customer_age": _texts(rng.normal(41, 13, rows).clip(18, 95).astype(int)),
        "account_days": _texts(rng.geometric(1 / 400, rows)),
        "orders_30d": _texts(rng.poisson(2.2, rows)),
        "items_in_cart": _texts(1 + rng.poisson(1.8, rows)),
        "failed_logins": _texts(rng.poisson(0.2, rows)),
        "sessions_7d": _texts(rng.negative_binomial(3, 0.3, rows)),
        "discount_percent": _texts(rng.choice([0, 5, 10, 15, 20, 50], rows, p=[0.6, 0.15, 0.12, 0.06, 0.05, 0.02])),
    }


def _amounts(rng: np.random.Generator, rows: int) -> Cells:
    return {
        "basket_value": _texts(rng.lognormal(3.8, 0.9, rows).round(2)),
        "shipping_cost": _texts(rng.gamma(2, 2.5, rows).round(1)),
        "card_limit": _texts((500 * (1 + rng.pareto(1.6, rows))).clip(0, 1e7).round(2)),
        "balance": _texts(rng.normal(120, 900, rows).round(2)),
        "lifetime_value": _texts(rng.lognormal(5.5, 1.4, rows).round(2)),
    }


def _measures(rng: np.random.Generator, rows: int) -> Cells:
    return {
        "minutes_on_site": _texts(rng.gamma(1.5, 6, rows).round(3)),
        "latitude": _texts(rng.normal(49.5, 3, rows).clip(-90, 90).round(5)),
        "longitude": _texts(rng.normal(8.5, 6, rows).clip(-180, 180).round(5)),
        "distance_km": _texts(rng.exponential(35, rows).round(2)),
        "temperature": _texts(rng.normal(8, 7, rows).round(1)),
        "similarity": _texts(rng.beta(4, 2, rows)),
    }


def _flags(rng: np.random.Generator, rows: int) -> Cells:
    ones = {"is_new_device": 0.1, "is_gift": 0.07, "is_weekend": 0.29, "has_coupon": 0.18}
    words = {"email_verified": 0.93, "newsletter": 0.35}
    zero_one = {name: _texts((rng.random(rows) < share).astype(int)) for name, share in ones.items()}
    true_false = {
        name: ["true" if hit else "false" for hit in rng.random(rows) < share] for name, share in words.items()
    }
    return zero_one | true_false


def _categories(rng: np.random.Generator, rows: int) -> Cells:
    return {name: rng.choice(values, rows, p=_falling(len(values))).tolist() for name, values in CATEGORIES.items()}


def _identities(rng: np.random.Generator, rows: int) -> Cells:
    start = date(2025, 1, 1)
    return {
        "order_id": [str(identity(rng)) for _ in range(rows)],
        "customer_id": [f"C{number:08d}" for number in rng.integers(0, 10**8, rows).tolist()],
        "member_since": [str(start + timedelta(days)) for days in rng.integers(0, 365, rows).tolist()],
        "note": [_note(rng) for _ in range(rows)],
    }


def _mostly_missing(rng: np.random.Generator, rows: int) -> Cells:
    campaigns = rng.choice(["spring", "summer", "friends"], rows)
    codes = rng.integers(1000, 9999, rows)
    return {
        "campaign": np.where(rng.random(rows) < 0.12, campaigns, "").tolist(),
        "referral_code": np.where(rng.random(rows) < 0.03, codes.astype(str), "").tolist(),
    }


def identity(rng: np.random.Generator) -> uuid.UUID:
    """A UUID that the seed decides."""
    return uuid.UUID(bytes=rng.bytes(16), version=4)


def _note(rng: np.random.Generator) -> str:
    """Free text, now and then with the comma and quotes that CSV readers trip over."""
    words = [WORDS[index] for index in rng.integers(0, len(WORDS), int(rng.integers(2, 8)))]
    return ', "'.join([words[0], " ".join(words[1:]) + '"']) if rng.random() < 0.1 else " ".join(words)


def _falling(count: int) -> Floats:
    """Shares of categories, each a little rarer than the one before."""
    weights = 1 / np.arange(1, count + 1) ** 0.7
    shares: Floats = weights / weights.sum()
    return shares


def _texts(values: npt.NDArray[np.generic]) -> list[str]:
    texts: list[str] = values.astype(str).tolist()
    return texts


def _floats(texts: list[str]) -> Floats:
    return np.array(texts, np.float64)
