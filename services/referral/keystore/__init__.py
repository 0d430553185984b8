"""The store of persons' keys: a database and a backup of its own, so that no copy of the data alone opens anything."""
