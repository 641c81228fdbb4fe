"""The hash of what a row was scored from: the same in every process and with every version of a library."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Words = NDArray[np.uint64]

SCHEME: Final = "h2_"
"""Begins every hash made here. Rows stored before have 16 bare digits of another hash: no two can be compared."""

_WORD = np.dtype("<u8")
# The multipliers of splitmix64's finalizer: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
# OOPSLA 2014, in David Stafford's variant 13.
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_PROBED = 1_000  # first texts of a column that say whether few stand for many
_CHUNK = 16_384  # rows at once, so that all that is mixed stays in the processor's cache
_DIGITS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="<u2")


def input_hashes(frame: pl.DataFrame, columns: Sequence[str], gates: Sequence[str]) -> pl.Series:
    """`h2_` and 16 hex digits for each row, of lead_id, as_of, features and gates with their names.

    Every column gives a 64-bit word a row (text: of its UTF-8 bytes and its length), and words are mixed in the order
    of the columns: h = mix(h xor word), which no change of a single number, date or boolean survives. NULL, an empty
    text, 0 and FALSE differ; NaN is one value, -0.0 is 0.0, and a number is the same in any width. It tells rows apart
    that were not made to collide: 64 bits, and no cryptography.
    """
    names = list(dict.fromkeys(["lead_id", "as_of", *columns, *gates]))
    state = np.zeros(frame.height, dtype=_WORD)
    for name in names:
        _mix_in(state, _column_words(frame[name], _named(name)))
    return _written(state)


def _named(*names: str) -> np.uint64:
    """A word for names: the first 64 bits of their SHA-256."""
    return np.uint64(int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:8], "little"))


def _column_words(values: pl.Series, name: np.uint64) -> Words:
    """A word for each value, which a column of another name or kind would not give; NULL has one, whatever the kind."""
    kind, words = _words(values)
    words = words ^ (name ^ _named("kind", kind))
    if values.null_count():
        words[values.is_null().to_numpy()] = name ^ _named("null")
    return words


def _words(values: pl.Series) -> tuple[str, Words]:
    """The kind of a column and a word for each of its values; what stands where it is NULL means nothing."""
    dtype = values.dtype
    if dtype == pl.Boolean:
        return "boolean", values.fill_null(False).cast(pl.UInt8).to_numpy().astype(_WORD)
    if dtype.is_integer():
        wide = pl.UInt64 if dtype == pl.UInt64 else pl.Int64
        return "integer", values.fill_null(0).cast(wide).to_numpy().view(_WORD)
    if dtype.is_float():
        floats = values.fill_null(0.0).cast(pl.Float64).fill_nan(float("nan")).to_numpy() + 0.0
        return "float", floats.view(_WORD)
    if dtype in (pl.Date, pl.Datetime):
        return "moment", values.cast(pl.Datetime("us")).to_physical().fill_null(0).to_numpy().view(_WORD)
    if dtype == pl.Null:
        return "null", np.zeros(len(values), dtype=_WORD)
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return "text", _text_words(values.cast(pl.String))
    return f"json of {dtype}", _text_words(values.to_frame("value").to_struct().struct.json_encode())


def _text_words(texts: pl.Series) -> Words:
    """A word for each text: its UTF-8 bytes eight by eight, the last ones filled up with zeros, and their number."""
    array = texts.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if texts.head(_PROBED).n_unique() < _PROBED // 2:
        encoded = array.dictionary_encode()
        words: Words = _arrow_words(encoded.dictionary)[encoded.indices.to_numpy()]
        return words
    return _arrow_words(array)


def _arrow_words(array: pa.LargeStringArray) -> Words:
    _, offsets, held = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    text = held.to_pybytes() if held is not None else b""
    at_every_byte = np.ndarray((len(text) + 1,), dtype=_WORD, buffer=text + bytes(8), strides=(1,))
    starts, sizes = ends[:-1], np.diff(ends)
    state = sizes.astype(_WORD)
    rows, done = np.flatnonzero(sizes > 0), 0
    while rows.size:
        left = sizes[rows] - done
        words = at_every_byte[starts[rows] + done]
        words[left < 8] &= (np.uint64(1) << (left[left < 8].astype(_WORD) * np.uint64(8))) - np.uint64(1)
        part = state[rows]
        _mix_in(part, words)
        state[rows] = part
        rows, done = rows[left > 8], done + 8
    return state


def _mix_in(state: Words, words: Words) -> None:
    """state = mix(state xor word), in place; mix is splitmix64's finalizer, a permutation of the 64-bit words."""
    for begin in range(0, len(state), _CHUNK):
        z = state[begin : begin + _CHUNK]
        z ^= words[begin : begin + _CHUNK]
        z ^= z >> np.uint64(30)
        z *= _FIRST
        z ^= z >> np.uint64(27)
        z *= _SECOND
        z ^= z >> np.uint64(31)


def _written(state: Words) -> pl.Series:
    import pyarrow as pa

    width = len(SCHEME) + 16
    rows = np.empty((len(state), width), dtype=np.uint8)
    rows[:, : len(SCHEME)] = np.frombuffer(SCHEME.encode(), dtype=np.uint8)
    rows[:, len(SCHEME) :] = _DIGITS[state.astype(">u8").view(np.uint8)].view(np.uint8).reshape(-1, 16)
    ends = pa.py_buffer(np.arange(0, rows.size + 1, width, dtype=np.int64))
    return pl.Series("input_hash", pa.LargeStringArray.from_buffers(len(state), ends, pa.py_buffer(rows)))
