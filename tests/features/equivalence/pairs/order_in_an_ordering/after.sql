SELECT a.account_id, ARG_MAX_NULL(a.domain, (a.ingested_at, a.occurred_at)) AS d FROM known.accounts AS a GROUP BY a.account_id
