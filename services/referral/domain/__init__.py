"""What a referral is and what may happen to it: functions and frozen values, nothing that waits, no clock, no ids of its own."""
