"""`python -m pkpd`: the command line."""

from __future__ import annotations

from pkpd.cli.main import main

if __name__ == "__main__":
    main()
