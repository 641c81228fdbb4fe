SELECT a.account_id, ARG_MAX_NULL(a.domain, (a.occurred_at, a.ingested_at)) AS d FROM known.accounts AS a GROUP BY a.account_id
