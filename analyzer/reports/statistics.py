"""statistics.json of data quality: its shape, written and read.

Fields are in the file's order; a field whose default is None is absent while it is None.
Source: contract.md 5 (recorded files of 2019 to 2025).
"""

from __future__ import annotations

import logging
import math
import os
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from analyzer.reports.baseline import STATISTICS, VERSION, decoding, read_baseline
from analyzer.reports.storage import Location

MAX_BYTES = 2**30  # 5,000 columns with sketches are 0.4 GB
NUMERIC = frozenset({"Integral", "Fractional"})

Count = Annotated[int, msgspec.Meta(ge=0)]
Levels = Annotated[
    list[npt.NDArray[np.float64]], msgspec.Meta(max_length=48)
]  # an item of level 48 stands for 2**48 rows

_log = logging.getLogger(__name__)


class Common(msgspec.Struct):
    """Rows with and without a value."""

    num_present: Count
    num_missing: Count = 0


class Bucket(msgspec.Struct):
    """Values in [lower_bound, upper_bound); the last bucket is closed."""

    lower_bound: float
    upper_bound: float
    count: float


class SketchParameters(msgspec.Struct):
    """How the sketch shrinks (c) and its size (k)."""

    c: float = 0.64
    k: float = 2048.0


class Sketch(msgspec.Struct):
    """KLL sketch; an item of data[h] stands for 2**h rows. Some files hold the parameters only."""

    parameters: SketchParameters
    data: Levels | None = None


class Kll(msgspec.Struct):
    """Distribution of numbers."""

    buckets: list[Bucket]
    sketch: Sketch | None = None


class NumericalDistribution(msgspec.Struct):
    """kll: absent when there is no finite number."""

    kll: Kll | None = None


class NumericalStatistics(msgspec.Struct):
    """Statistics of an Integral or Fractional column; None (null) where no finite number is present.

    std_dev is the population's.
    """

    common: Common
    # These default to NaN, which becomes None at once, so that an undefined number is written as null, not left out.
    mean: float | None = math.nan
    sum: float | None = math.nan
    std_dev: float | None = math.nan
    min: float | None = math.nan
    max: float | None = math.nan
    approximate_num_distinct_values: Count | None = None
    completeness: float | None = None
    distribution: NumericalDistribution | None = None

    def __post_init__(self) -> None:
        self.mean, self.sum, self.std_dev = _finite(self.mean), _finite(self.sum), _finite(self.std_dev)
        self.min, self.max = _finite(self.min), _finite(self.max)


class CategoryBucket(msgspec.Struct):
    """Rows with one value."""

    value: str
    count: Count


class Categorical(msgspec.Struct):
    """Every value and its rows."""

    buckets: list[CategoryBucket]


class StringDistribution(msgspec.Struct):
    """categorical: absent when there are many distinct values."""

    categorical: Categorical | None = None


class StringStatistics(msgspec.Struct):
    """Statistics of a text column; the distribution only where there are few distinct values."""

    common: Common
    distinct_count: float | None = None
    completeness: float | None = None
    distribution: StringDistribution | None = None


class Classes(msgspec.Struct):
    """Present cells by class."""

    integral: Count = 0
    fractional: Count = 0
    boolean: Count = 0
    string: Count = 0


class TextLengths(msgspec.Struct):
    """Lengths of texts in characters."""

    min: Count
    max: Count
    mean: float


class Extra(msgspec.Struct):
    """Our own block of a feature; keys of later versions are ignored.

    Counts are cells. quantiles: value by rank ("0.5"). frequent: most frequent texts; frequent_other: cells with
    any other text. failure: why the column's statistics could not be computed.
    """

    classes: Classes | None = None
    nan: Count | None = None
    infinite: Count | None = None
    empty: Count | None = None
    leading_zeros: Count | None = None
    quantiles: dict[str, float] | None = None
    text_lengths: TextLengths | None = None
    frequent: list[CategoryBucket] | None = None
    frequent_other: Count | None = None
    distinct_is_exact: bool | None = None
    failure: str | None = None


class Feature(msgspec.Struct):
    """One column; numerical_statistics or string_statistics by its type, neither when it failed."""

    name: str
    inferred_type: str = "Unknown"
    numerical_statistics: NumericalStatistics | None = None
    string_statistics: StringStatistics | None = None
    analyzer: Extra | None = None

    @property
    def common(self) -> Common | None:
        """Rows with and without a value; None when the column failed."""
        block = self.numerical_statistics or self.string_statistics
        return block.common if block else None

    @property
    def categories(self) -> dict[str, int] | None:
        """Rows of every text, in bucket order; None where the file has no categorical buckets."""
        block = self.string_statistics
        categorical = block.distribution.categorical if block and block.distribution else None
        return {bucket.value: bucket.count for bucket in categorical.buckets} if categorical else None

    @property
    def levels(self) -> list[npt.NDArray[np.float64]] | None:
        """Levels of the sketch; None where the file has no sketch."""
        block = self.numerical_statistics
        kll = block.distribution.kll if block and block.distribution else None
        return kll.sketch.data if kll and kll.sketch else None


class Dataset(msgspec.Struct):
    """item_count: rows analysed. analyzer: our own facts about the data set."""

    item_count: Count
    analyzer: dict[str, Any] | None = None


class Statistics(msgspec.Struct, kw_only=True):
    """The whole file."""

    version: float = VERSION
    dataset: Dataset
    features: list[Feature]

    @property
    def strict(self) -> Statistics:
        """The same without our own blocks."""
        features = [msgspec.structs.replace(feature, analyzer=None) for feature in self.features]
        return Statistics(dataset=Dataset(self.dataset.item_count), features=features)


def read_statistics(path: Location) -> Statistics:
    """The statistics file at a path or s3:// URI, of any image from 2019 on; a UTF-8 byte-order mark is fine.

    Unknown keys are ignored, absent and null blocks are None, numbers may be written as 1, 1.0 or "NaN".
    Raises BaselineError (file, JSON path, what was found, the fix) and SourceUnreadable.
    """
    data = read_baseline(path, STATISTICS, MAX_BYTES)
    with decoding(path, STATISTICS):
        found = msgspec.json.decode(data, type=_File, strict=False, dec_hook=_level)
    if found.version != VERSION:
        _log.warning("%s has version %r, known is %r; it is read as that", os.fspath(path), found.version, VERSION)
    return Statistics(dataset=found.dataset or Dataset(_most_rows(found.features)), features=found.features)


class _File(msgspec.Struct):
    features: list[Feature]
    dataset: Dataset | None = None
    version: float | str | None = VERSION


def _most_rows(features: list[Feature]) -> int:
    known = [feature.common for feature in features if feature.common]
    return max((common.num_present + common.num_missing for common in known), default=0)


def _level(_kind: Any, items: Any) -> npt.NDArray[np.float64]:
    level = np.asarray(items, np.float64)
    if level.ndim != 1 or not np.isfinite(level).all():
        raise ValueError("expected a list of finite numbers")
    return level


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
