select *
from other.table1 t
