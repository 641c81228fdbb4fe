"""Many as_of in one computation, for views of one shape: what a row adds and takes away, and when."""
