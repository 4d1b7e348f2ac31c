"""JSON documents in the recorded layout: Jackson's default pretty printer, Java's doubles, strict RFC 8259.

Source: contract.md 5 (layout) and 7.3 (`5.092682820403929E-4`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from analyzer.reports.storage import Location, join, publish

__all__ = ["Location", "java_double", "join", "quote", "render", "write"]

Emit = Callable[[str], object]

_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7  # Java writes magnitudes in [from, to) without an exponent
# Beyond what JSON demands: a document must be harmless inside HTML and in a log.
_UNSAFE = re.compile('[\x00-\x1f"\\\\<>&\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(document: Any) -> bytes:
    """The document as UTF-8: structs, mappings, sequences, numpy arrays, texts, numbers, booleans and None.

    A number that is not finite becomes null. A struct's field whose default is None (or UNSET) is left out
    while it has that value. TypeError for any other type.
    """
    parts: list[str] = []
    _print(document, "\n", parts.append)
    return "".join(parts).encode()


def write(path: Location, document: Any) -> None:
    """Write the document to a file or s3:// URI, whole or not at all; OutputUnwritable if that fails."""
    publish(path, lambda file: _print(document, "\n", file.write))


def java_double(number: float) -> str:
    """The number as Java's Double.toString writes it, with the shortest digits that read back the same.

    >>> java_double(1e7), java_double(0.0005092682820403929), java_double(2008.0)
    ('1.0E7', '5.092682820403929E-4', '2008.0')
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    text = float.__repr__(float(number))
    if not number or _PLAIN_FROM <= abs(number) < _PLAIN_TO:
        return text
    return _scientific(text)


def quote(text: str) -> str:
    """The text as a JSON string without quotation marks, controls, surrogates, `<`, `>` or `&` in the clear."""
    return f'"{_UNSAFE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    # Half a character (of a file name that is not UTF-8, say) is no character: strict parsers refuse its escape.
    code = 0xFFFD if "\ud800" <= match[0] <= "\udfff" else ord(match[0])
    return _SHORT.get(match[0]) or f"\\u{code:04X}"


def _scientific(text: str) -> str:
    """The shortest spelling of a double, with or without exponent, in Java's form with exponent."""
    mantissa, _, exponent = text.partition("e")
    if exponent:
        return f"{mantissa}{'' if '.' in mantissa else '.0'}E{int(exponent)}"
    whole, _, fraction = text.partition(".")
    sign, whole = ("-", whole[1:]) if whole[0] == "-" else ("", whole)
    if whole != "0":
        return f"{sign}{whole[0]}.{(whole[1:] + fraction).rstrip('0') or '0'}E{len(whole) - 1}"
    digits = fraction.lstrip("0")
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{len(digits) - len(fraction) - 1}"


def _print(value: Any, line: str, emit: Emit) -> None:
    """Emit a value; `line` is a line feed and the indentation of the object around it."""
    spell = _SPELLINGS.get(type(value))
    if spell is not None:
        emit(spell(value))
    elif isinstance(value, msgspec.Struct):
        _print_object(_fields(value), line, emit)
    elif isinstance(value, Mapping):
        _print_object(value.items(), line, emit)
    elif isinstance(value, np.ndarray):
        _print_array(value, line, emit)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        _print_list(value, line, emit)
    else:
        emit(_scalar(value))


def _print_object(entries: Iterable[tuple[str, Any]], line: str, emit: Emit) -> None:
    inner = line + "  "
    before = "{" + inner
    for key, value in entries:
        emit(f"{before}{quote(key)} : ")
        _print(value, inner, emit)
        before = "," + inner
    emit("{ }" if before[0] == "{" else line + "}")


def _print_list(values: Sequence[Any], line: str, emit: Emit) -> None:
    if values and set(map(type, values)) == {float}:
        emit(_doubles(np.asarray(values, np.float64)))
        return
    before = "[ "
    for value in values:
        emit(before)
        _print(value, line, emit)
        before = ", "
    emit(" ]" if values else "[ ]")


def _print_array(values: npt.NDArray[Any], line: str, emit: Emit) -> None:
    if values.ndim == 1 and values.dtype.kind == "f":
        emit(_doubles(values.astype(np.float64)))
    else:
        _print(values.tolist(), line, emit)


def _doubles(values: npt.NDArray[np.float64]) -> str:
    """A list of doubles on one line; a library writes all digits, only unusual magnitudes are written here."""
    if not values.size:
        return "[ ]"
    size = np.abs(values)
    unusual = np.flatnonzero(~((size >= _PLAIN_FROM) & (size < _PLAIN_TO) | (size == 0)))
    text = msgspec.json.encode(values.tolist()).decode()[1:-1]
    if not unusual.size:
        return f"[ {text.replace(',', ', ')} ]"
    items = text.split(",")
    for index in unusual.tolist():
        if items[index] != "null":
            items[index] = _scientific(items[index])
    return f"[ {', '.join(items)} ]"


def _finite(number: float) -> str:
    return java_double(number) if math.isfinite(number) else "null"


_SPELLINGS: dict[type, Callable[[Any], str]] = {
    float: _finite,
    int: int.__repr__,
    str: quote,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}


def _scalar(value: Any) -> str:
    """A value of a subclass, or of numpy."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _SPELLINGS:
        return _SPELLINGS[type(value)](value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int):
        return int.__repr__(int(value))
    if isinstance(value, float):
        return _finite(value)
    raise TypeError(f"a document cannot hold {type(value).__name__}")


def _fields(struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    for name, key, optional in _layout(type(struct)):
        value = getattr(struct, name)
        if value is not msgspec.UNSET and (value is not None or not optional):
            yield key, value


@cache
def _layout(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, bool], ...]:
    """Name, key and whether None means absent, of every field of a struct."""
    return tuple((field.name, field.encode_name, field.default is None) for field in msgspec.structs.fields(kind))
