"""The interactive page of `pkpd explore`."""
