"""The commands, one module a group; `cli.py` lists them."""
