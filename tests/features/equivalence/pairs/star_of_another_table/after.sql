SELECT * FROM other.table2 AS t
