"""Columns: which columns of the data are the model's features, in which order, and what they are called.

Source: bias_explainability.md 4 (headers, features, label), contract.md 8.2 and 8.6 (the opening words of errors).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.analysis_config import AnalysisConfig
from analyzer.errors import ContractError
from analyzer.log import one_line

Column = str | int

_ELEMENTS = re.compile(r"^(?:[A-Za-z_]\w*)?\[\*?\]\.?")  # what a path says of the list around the rows


@dataclass(frozen=True)
class Columns:
    """Features by name, and the column of the data behind each."""

    names: tuple[str, ...]
    sources: tuple[str, ...]


def columns_of(
    available: Sequence[str], config: AnalysisConfig, path: str | None, known: Sequence[str] = ()
) -> Columns:
    """The features among the columns that the data has, in the order of the headers.

    path: JMESPath expression of the features inside a record, as far as it names a key (`features`,
    `instances[*].features`). known: the baseline's features, for columns without names. Raises ContractError when
    they cannot be told.
    """
    cells = {_local(name): name for name in available}
    below = _below(list(cells), path)
    if not below:
        raise _not_found(list(cells), path)
    apart = [
        each for each in (config.label, config.predicted_label, config.joinsource_name_or_index) if each is not None
    ]
    apart += config.excluded_columns or []
    headers = config.headers or []
    called = {_last(cell, path): cell for cell in below}
    named = _by_name(headers, called, apart) or _by_place(headers, list(cells), below, apart)
    if headers and named is None:
        raise ContractError(
            f"Headers in config do not match with the number of columns in the dataset. There are {len(headers)} "
            f"headers, and {len(below)} columns: {_shown(below)}. "
            "Hint: list the features in the data's order, then the label."
        )
    if named is None:
        names = _without(below, below, apart)
        strange = len(known) == len(names) and set(known) != set(names)
        named = list(zip(known, names, strict=True)) if strange else [(_last(name, path), name) for name in names]
    if not named:
        raise ContractError("Data must contain features. Hint: label and excluded_columns name every column.")
    side = available[0].removesuffix(_local(available[0]))
    return Columns(tuple(name for name, _ in named), tuple(cells.get(cell, side + cell) for _, cell in named))


def _by_name(
    headers: Sequence[str], called: Mapping[str, str], apart: Sequence[Column]
) -> list[tuple[str, str]] | None:
    """Pairs of the headers and the columns called so; None when fewer than half of the headers are.

    The others are keys that the first records happen not to have.
    """
    wanted = _without(headers, headers, apart)
    known = [name for name in wanted if name in called]
    if not known or 2 * len(known) < len(wanted):
        return None
    below = called[known[0]].removesuffix(known[0])
    return [(name, called.get(name, below + name)) for name in wanted]


def _by_place(
    headers: Sequence[str], cells: Sequence[str], below: Sequence[str], apart: Sequence[Column]
) -> list[tuple[str, str]] | None:
    """Pairs of headers and columns by position; the first way of leaving out the label that makes them equally many."""
    if not headers:
        return None
    if len(headers) == len(cells) == len(below):
        chosen = _without(headers, headers, [each for each in apart if each not in cells])
        return [(name, cell) for name, cell in zip(headers, cells, strict=True) if name in chosen and cell not in apart]
    wanted, left = _without(headers, headers, apart), _without(below, below, apart)
    # Headers of JSON name the label last, which the configuration may call by its path.
    unnamed = sum(isinstance(each, str) and each not in headers for each in apart)
    if len(left) < len(wanted) <= len(left) + unnamed:
        wanted = wanted[: len(left)]
    return list(zip(wanted, left, strict=True)) if len(wanted) == len(left) else None


def _without(names: Sequence[str], all_names: Sequence[str], apart: Sequence[Column]) -> list[str]:
    """The names without those that are given by name or by position among all of them."""
    gone = {all_names[each] if isinstance(each, int) and each < len(all_names) else each for each in apart}
    return [name for name in names if name not in gone]


def _below(cells: Sequence[str], path: str | None) -> list[str]:
    """The columns at or below a key; all of them without one."""
    key = _ELEMENTS.sub("", path or "").strip("@ ").removesuffix("[*]").removesuffix("[]")
    if not key:
        return list(cells)
    return [cell for cell in cells if cell == key or cell.startswith(f"{key}.")]


def _local(name: str) -> str:
    """A column's name inside its side of a captured record."""
    side, dot, rest = name.partition(".")
    return rest if dot and side in ("endpointInput", "batchTransformInput", "batchTransformOutput") else name


def _last(cell: str, path: str | None) -> str:
    """What a column is called when nothing else names it: its key below the path; of lists the whole name."""
    key = _ELEMENTS.sub("", path or "")
    rest = cell.removeprefix(f"{key}.") if key else cell
    return cell if rest.isdecimal() else rest


def _not_found(cells: Sequence[str], path: str | None) -> ContractError:
    return ContractError(
        f"Feature names not found. features {path!r} is no key of the data, which has {_shown(cells)}. "
        "Hint: give the key that holds the features, such as features or instances[*].features."
    )


def _shown(cells: Sequence[str]) -> str:
    more = f" and {len(cells) - 10} more" if len(cells) > 10 else ""
    return one_line(", ".join(map(repr, cells[:10])), 500) + more
