"""Everything that writes referral's tables; one module per kind of thing."""
