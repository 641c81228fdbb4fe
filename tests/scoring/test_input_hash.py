"""The hash of a row's input: every value counts, no width or place does, and the digits stay what they are."""

from __future__ import annotations

import hashlib
import struct
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from leadmart.features.project import find_project
from leadmart.features.warehouse import open_for_writing
from leadmart.scoring.assess import score_rows
from leadmart.scoring.input_hash import input_hashes
from leadmart.scoring.upsert import Scoring, upsert

AS_OF = datetime(2025, 3, 1)


def hashes(values: list[object], dtype: pl.DataType | type[pl.DataType]) -> list[str]:
    rows = pl.DataFrame({"lead_id": ["a"] * len(values), "as_of": [AS_OF] * len(values)})
    return input_hashes(rows.with_columns(pl.Series("x", values, dtype=dtype)), ["x"], []).to_list()


PINNED = ["h2_a3cd8807324dafa3", "h2_03d75c9c78065606", "h2_e1a3f0fc721ad83d"]


def mix(z: int) -> int:
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def plain_word(value: object, name: str) -> int:
    def named(*names: str) -> int:
        return int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:8], "little")

    if value is None:
        return named(name) ^ named("null")
    if isinstance(value, bool):
        kind, word = "boolean", int(value)
    elif isinstance(value, int):
        kind, word = "integer", value % 2**64
    elif isinstance(value, float):
        kind, word = "float", int.from_bytes(struct.pack("<d", value + 0.0), "little")
    elif isinstance(value, datetime):
        kind, word = "moment", (value - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    else:
        text = str(value).encode()
        kind, word = "text", len(text)
        for at in range(0, len(text), 8):
            word = mix(word ^ int.from_bytes(text[at : at + 8].ljust(8, b"\0"), "little"))
    return word ^ named(name) ^ named("kind", kind)


def test_p2_the_digits_are_those_of_plain_python_and_the_same_in_every_version() -> None:
    """P2: pinned as well, since stored rows are compared with them."""
    rows = pl.DataFrame(
        {
            "lead_id": ["l-1", "l-22222222", "é"], "as_of": [AS_OF] * 3, "n": [1, None, -7], "x": [0.1, None, -0.0],
            "word": ["", None, "a longer word than sixteen bytes"], "is_student": [True, False, None],
        }
    )  # fmt: skip
    expected = []
    for row in rows.to_dicts():
        state = 0
        for name, value in row.items():
            state = mix(state ^ plain_word(value, name))
        expected.append(f"h2_{state:016x}")
    assert input_hashes(rows, ["n", "x", "word"], ["is_student"]).to_list() == expected == PINNED


def test_p2_no_two_values_share_a_hash_and_null_is_none_of_them() -> None:
    """P2: a change of one value is a change of the hash."""
    texts: list[object] = [
        "",
        "null",
        "\0",
        "\0\0",
        *("a" * n for n in range(1, 40)),
        *("a" * n + "b" for n in range(40)),
        None,
    ]
    given: list[tuple[list[object], type[pl.DataType]]] = [
        (texts, pl.String),
        ([*range(-50, 50), 2**62, -(2**63), 2**63 - 1], pl.Int64),
        ([0.0, 1.0, 2.0, 0.5, 0.1, 0.1 + 2**-56, float("inf"), float("-inf"), float("nan"), 5e-324], pl.Float64),
        ([True, False], pl.Boolean),
        ([AS_OF, datetime(2025, 3, 1, 0, 0, 0, 1)], pl.Datetime),
        ([["a"], ["a", "b"], []], pl.List(pl.String)),  # type: ignore[list-item]
    ]
    found = [text for values, dtype in given for text in hashes(values, dtype)]
    assert len(set(found)) == len(found)


def test_p2_width_form_and_neighbours_of_a_value_do_not_count() -> None:
    """P2: the same value in another column type, in a frame of NULLs, or among other rows has the same hash."""
    assert hashes([3], pl.Int8) == hashes([3], pl.Int64) == hashes([3], pl.UInt32)
    assert hashes([0.5], pl.Float32) == hashes([0.5], pl.Float64)
    assert hashes([-0.0], pl.Float64) == hashes([0.0], pl.Float64)
    assert hashes(["b"], pl.Categorical) == hashes(["b"], pl.String)
    assert hashes([None], pl.Null) == hashes([None], pl.Int64) == hashes([None], pl.String)
    few_words, many_words = ["a", "b"] * 20_000, [f"w{n}" for n in range(40_000)]
    for words in (few_words, many_words):
        whole = hashes(list(words), pl.String)
        assert whole[16_380:16_390] == hashes(list(words[16_380:16_390]), pl.String)


def test_p2_names_and_their_order_count() -> None:
    """P2: two columns that change places are another input."""
    rows = pl.DataFrame({"lead_id": ["a"], "as_of": [AS_OF], "x": [1], "y": [2]})
    swapped = rows.rename({"x": "y", "y": "x"})
    assert len({input_hashes(each, ["x", "y"], [])[0] for each in (rows, swapped)}) == 2


def test_without_rows_there_are_no_hashes() -> None:
    rows = pl.DataFrame(schema={"lead_id": pl.String, "as_of": pl.Datetime, "x": pl.Int64})
    assert input_hashes(rows, ["x"], []).dtype == pl.String
    assert input_hashes(rows, ["x"], []).is_empty()


@pytest.mark.parametrize("is_old", [True, False], ids=["another scheme", "this scheme"])
def test_p2_a_row_stored_with_another_scheme_of_hash_is_changed_by_its_other_values_alone(
    is_old: bool, tmp_path: Path, world, gated, columns, policy
) -> None:
    """P2: hashes of two schemes cannot be compared; those of one tell another input with the same score."""
    rows = gated(world(leads=40).rows.drop("outcome_at", "created_at", "p_true"))
    as_of = rows["as_of"].max()
    scored = score_rows(rows.filter(pl.col("as_of") == as_of), columns, policy, None, feature_set_version="f_1").rows
    before = pl.lit("0123456789abcdef") if is_old else pl.lit("h2_0123456789abcdef")
    (tmp_path / "leadmart.toml").write_text("")
    with open_for_writing(find_project(tmp_path)) as warehouse:
        scoring = Scoring(as_of, "open_leads", "f_1", "rules", policy.policy_version, "i")
        upsert(warehouse, scored.with_columns(before.alias("input_hash")), scoring, "r_1")
        counts = upsert(warehouse, scored, scoring, "r_2")
        moved = warehouse.rows("SELECT COUNT(*) FROM store.scores.superseded")[0][0]
    changed = 0 if is_old else scored.height
    assert (counts.updated, counts.unchanged, moved) == (changed, scored.height - changed, changed)
