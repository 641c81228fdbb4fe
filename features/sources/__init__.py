"""Sources: raw rows as append-only logs with two clocks, kept between commands and grown by what a load brings."""
