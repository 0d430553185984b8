"""The published interface to partners: what a notice, a dossier, a command and its result look like. Descriptions only."""
