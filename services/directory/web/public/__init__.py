"""The public site: who helps with what, for everybody, in seven languages, without an account and without a cookie."""
