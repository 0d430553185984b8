-- The lead is told of what is parked in one mail for all of it; a delivery that is parked anew is told anew.
ALTER TABLE deliveries ADD COLUMN parked_told_at timestamptz;
CREATE INDEX deliveries_parked ON deliveries (changed_at) WHERE state = 'parked';
