"""`python -m modelwire` is the same as `modelwire`."""

from modelwire.cli import main

main()
