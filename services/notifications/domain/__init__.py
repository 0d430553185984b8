"""Pure rules: what is worth a notice, how a delivery moves, when it is tried again, which addresses are refused."""
