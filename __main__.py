"""`python -m leadmart`."""

from leadmart.cli import main

main()
