"""The command `pkpd`: one thin file a verb."""
