"""The published interface to partners: notice, dossier, command and its result. Descriptions only."""
