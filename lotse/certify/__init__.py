"""Certification: the welcome center is played to a partner's live system, and what the system did is judged.

`cases` says what a test referral asks of the partner, `welcome` sends it, `sandbox` watches and misbehaves, `injection`
sends what nobody should send, `checks` holds what is required, `exam` runs them, `report` signs what came of it.
"""
