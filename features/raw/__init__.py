"""Raw tables: files brought in, tables read in place, and the change rows of those that are updated in place."""
