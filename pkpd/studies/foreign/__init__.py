"""Tables of published responses with columns of their own: words of the field, read into rows of ours."""
