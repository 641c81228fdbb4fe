"""Leads of one account as one: for blocks and errors that hold where colleagues share a fate."""

from __future__ import annotations

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.plan import Selection
from leadmart.features.session import Session
from leadmart.scoring.evaluation.clusters import CLUSTER
from leadmart.scoring.learning.population import LEADS


def group_by_account(session: Session, selection: Selection, spine: Definition) -> None:
    """Makes `cluster` of the session's table `LEADS` the account of each person, where one of its leads has any (T4).

    The account is the one that the views' link gives at the last of the session's moments: hindsight, for dividing
    leads only. Of several, the smallest counts; a person without one stays its own cluster.
    Raises LeadmartError `no_link` where no view of the project reads leads through a link.
    """
    found = _link(selection, spine)
    if found is None:
        raise LeadmartError(
            '[train] group_by is "account", and no view of the project reads leads through a link to accounts',
            code="no_link",
            hint='name a view of accounts in [features], or set group_by = "lead"',
        )
    link, account = found
    moments, key = session.moments, spine.key
    session.want(moments[-1:])
    session.warehouse.execute(
        f"CREATE OR REPLACE TEMP TABLE linked AS SELECT {key}, CAST({account} AS VARCHAR) AS account "
        f"FROM ({session.sql_of(link)})"
    )
    session.want(moments)
    # an account's name could be a lead's: the prefix keeps them apart
    session.warehouse.execute(
        f"CREATE OR REPLACE TABLE {LEADS} AS SELECT l.* EXCLUDE ({CLUSTER}), "
        f"COALESCE('account ' || MIN(a.account) OVER (PARTITION BY l.{CLUSTER}), l.{CLUSTER}) AS {CLUSTER} "
        f"FROM {LEADS} AS l LEFT JOIN linked AS a ON a.{key} = l.{key}"
    )


def _link(selection: Selection, spine: Definition) -> tuple[Definition, str] | None:
    """The first link that has the spine's key, and the key it leads to."""
    for link in selection.links:
        names = [column.name for column in link.columns]
        others = [name for name in names if name not in (spine.key, "as_of")]
        if spine.key in names and others:
            return link, others[0]
    return None
