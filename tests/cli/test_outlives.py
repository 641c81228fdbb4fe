"""A champion outlives versions whose columns mean the same, and says which one it does not outlive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

VIEW = "web_engagement"
V1 = (Path(__file__).resolve().parents[2] / "sql" / "features" / VIEW / "v1.sql").read_text(encoding="utf-8")
SCORES = "SELECT lead_id, p_raw, p_cal, composite, tier FROM scores.latest ORDER BY lead_id"


def release(here: Any, folder: Path, version: int, text: str) -> Any:
    """Publishes a draft and has leadmart.toml name the version; what `publish` said."""
    file = folder / "sql" / "features" / VIEW / "draft.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    done = here("publish", VIEW, "--json", "--project", folder)
    assert done.code == 0, done.out
    settings = folder / "leadmart.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before.replace(f"{VIEW}@v{version - 1}", f"{VIEW}@v{version}"), encoding="utf-8")
    return done.document


@pytest.mark.slow
def test_a_model_is_kept_while_what_it_reads_means_the_same(
    copy_of: Any, here: Any, stored: Any, published: Any
) -> None:
    """8.2: a column more and commuted conditions change no probability; a changed column asks for training by name."""
    folder = copy_of("trained")
    ((champion,),) = stored(folder, "SELECT model_version FROM meta.models WHERE role = 'champion'")
    before = published(folder, SCORES)
    more = "    COUNT(w.event_id)\n        AS pages_90d, -- pages opened, last 90 days\n    DATE_DIFF('day', MAX"
    second = V1.replace("    DATE_DIFF('day', MAX", more).replace("w.page_type = 'docs'", "'docs' = w.page_type")
    told = release(here, folder, 2, second)
    assert f"the champion {champion} stays valid: what it reads means the same" in told["next"]
    planned = here("plan", "--json", "--project", folder).document
    assert planned["outdated"] is None
    assert [each["view"] for each in planned["slices"]] == [f"features.{VIEW}__v2"]
    done = here("run", "--json", "--project", folder)
    assert (done.code, done.document["model_version"]) == (0, champion), done.err
    assert done.document["scores"]["inserted"] == len(before)
    assert published(folder, SCORES) == before
    lead = before[0][0]
    assert here("explain", lead, "--json", "--project", folder).document["values"]["pages_90d"]["view"] == f"{VIEW}@v2"

    told = release(here, folder, 3, second.replace("'docs' =", "'blog' ="))
    assert any(words.startswith("then `leadmart train`") and "docs_views_30d" in words for words in told["next"])
    planned = here("plan", "--json", "--exit-code", "--project", folder)
    assert planned.code == 4
    assert planned.document["outdated"]["model"] == champion
    assert planned.document["outdated"]["columns"].keys() == {"docs_views_30d"}
    refused = here("run", "--json", "--project", folder)
    assert refused.document["error"]["code"] == "feature_mismatch"
    assert f"{VIEW}@v3.docs_views_30d" in refused.document["error"]["message"]
    assert published(folder, SCORES) == before


def test_a_raw_column_that_is_gone_is_found_by_check(copy_of: Any, here: Any) -> None:
    """8.5: the source's file, the column, and everyone who hangs on it, before a run."""
    folder = copy_of("town")
    assert here("eject", "web_events", "--project", folder).code == 0
    file = folder / "sql" / "sources" / "plain" / "web_events.sql"
    file.write_text(file.read_text(encoding="utf-8").replace("w.dwell_s", "w.dwell_ms"), encoding="utf-8")
    answer = here("check", "--json", "--project", folder)
    assert answer.code == 1
    (found,) = answer.document
    assert (found["code"], found["line"]) == ("missing_raw_column", 31)
    assert found["file"].endswith("sql/sources/plain/web_events.sql")
    assert "raw.web_events has no column dwell_ms" in found["message"]
    assert f"{VIEW}@v1.dwell_seconds_30d" in found["message"]
    assert "sessions_30d" not in found["message"]
    assert found["hint"] == "did you mean dwell_s?"
    planned = here("plan", "--as-of", "2026-03-01", "--json", "--project", folder)
    assert planned.code == 1
    told = planned.document["error"]
    assert "others" not in told
    assert {name: told[name] for name in ("code", "message", "hint")} == {
        name: found[name] for name in ("code", "message", "hint")
    }
    assert told["place"] == f"{found['file']}:31"


def test_plan_refuses_a_raw_column_that_only_the_label_misses(copy_of: Any, here: Any) -> None:
    """8.5: what a run needs and no view reads; two at once, each once."""
    folder = copy_of("town")
    edits = {"opportunities": ("o.created_at", "o.made_at"), "web_events": ("w.dwell_s", "w.dwell_ms")}
    for name, (old, new) in edits.items():
        assert here("eject", name, "--project", folder).code == 0
        file = folder / "sql" / "sources" / "plain" / f"{name}.sql"
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    refused = here("plan", "--as-of", "2026-03-01", "--project", folder)
    assert refused.code == 1
    assert [refused.err.count(f"no column {new.partition('.')[2]}") for _, new in edits.values()] == [1, 1]
    assert "opportunity" in refused.err


def test_plan_tells_what_an_edited_source_reaches(copy_of: Any, here: Any) -> None:
    """8.5: since the last run, column by column, in the order in which it is computed anew."""
    folder = copy_of("town")
    at = ("--as-of", "2026-03-01", "--json", "--project", folder)
    assert here("plan", *at).document["changes"] == []
    assert here("eject", "web_events", "--project", folder).code == 0
    file = folder / "sql" / "sources" / "plain" / "web_events.sql"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "-- as before\n", encoding="utf-8")
    assert here("plan", *at).document["changes"] == []
    file.write_text(text.replace("'pricing'", "'prices'"), encoding="utf-8")
    planned = here("plan", *at).document
    found = [(each["view"], each["column"]) for each in planned["changes"]]
    assert found[0] == ("known.web_events", "page_type")
    assert set(found[1:]) >= {(f"{VIEW}@v1", name) for name in ("pricing_views_7d", "pricing_views_30d")}
    assert (f"{VIEW}@v1", "sessions_7d") not in found
    assert planned["slices"][0]["view"] == f"features.{VIEW}__v1"


def test_plan_tells_what_an_edited_label_changes(copy_of: Any, here: Any) -> None:
    """8.2: held against what the newest scores went by; its rows, its horizon, another label in its place."""
    folder = copy_of("town")
    label = folder / "sql" / "labels" / "opportunity.sql"
    assert here("eject", "opportunity", "--project", folder).code == 0
    text = label.read_text(encoding="utf-8")

    def told() -> list[tuple[str, str, str]]:
        changes = here("plan", "--as-of", "2026-03-01", "--json", "--project", folder).document["changes"]
        return [(each["view"], each["column"], each["class"]) for each in changes]

    label.write_text(text + "-- as before\n", encoding="utf-8")
    assert told() == []
    both = [("labels.opportunity", name, "changed") for name in ("lead_id", "outcome_at")]
    for old, new in (("IS NOT NULL", "IS NOT NULL AND o.pipeline <> 'expansion'"), ("90 days", "60 days")):
        assert text.count(old) == 1
        label.write_text(text.replace(old, new), encoding="utf-8")
        assert told() == both
    assert here("run", "--as-of", "2026-03-01", "--project", folder).code == 0
    assert told() == []
