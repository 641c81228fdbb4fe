-- DuckDB folds the case of ASCII alone: "é" and "É" are two columns, a and A are one.
SELECT X.N AS n, x."É" AS v
FROM (SELECT COUNT(*) AS n, MIN(w.dwell_s) AS "é", MAX(w.dwell_s) AS "É" FROM known.web_events AS w) AS x
