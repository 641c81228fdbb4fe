"""Feast's side of the comparison, run by Feast's own Python: `apply FOLDER ROWS`, then `frame FOLDER PAIRS OUT`.

The rows of one feature view stand in a Parquet file; a frame is its point-in-time join to the pairs, as Feast does it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

_SETTINGS = """project: bench
provider: local
registry: registry.db
offline_store:
    type: duckdb
online_store: null
entity_key_serialization_version: 3
"""


def apply(folder: str, rows: str) -> None:
    """Registers the entity and the view over the rows' file."""
    import pyarrow.parquet as pq
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
    from feast.types import Bool, Int64

    Path(folder, "feature_store.yaml").write_text(_SETTINGS)
    schema = pq.read_schema(rows)
    names = [name for name in schema.names if name not in ("lead_id", "as_of")]
    Path(folder, "names.json").write_text(json.dumps(names))
    lead = Entity(name="lead", join_keys=["lead_id"], value_type=ValueType.STRING)
    fields = [Field(name=name, dtype=Bool if str(schema.field(name).type) == "bool" else Int64) for name in names]
    source = FileSource(name="rows", path=rows, timestamp_field="as_of")
    view = FeatureView(name="engagement", entities=[lead], ttl=timedelta(days=3650), schema=fields, source=source)
    FeatureStore(repo_path=folder).apply([lead, view])


def frame(folder: str, pairs: str, out: str) -> None:
    """Writes the features at the pairs, and prints the seconds of Feast's call without imports."""
    import pandas as pd
    import pyarrow.parquet as pq
    from feast import FeatureStore

    store = FeatureStore(repo_path=folder)
    names = json.loads(Path(folder, "names.json").read_text())
    started = time.perf_counter()
    entities: Any = pd.read_parquet(pairs).rename(columns={"as_of": "event_timestamp"})
    job = store.get_historical_features(entity_df=entities, features=[f"engagement:{name}" for name in names])
    found = job.to_arrow()
    columns = ["as_of" if name == "event_timestamp" else name for name in found.column_names]
    pq.write_table(found.rename_columns(columns), out)
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    what: dict[str, Callable[..., None]] = {"apply": apply, "frame": frame}
    what[sys.argv[1]](*sys.argv[2:])
