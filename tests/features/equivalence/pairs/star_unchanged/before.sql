SELECT * FROM other.table1 AS t
