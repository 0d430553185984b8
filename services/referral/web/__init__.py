"""The doors of referral that speak HTTP."""
