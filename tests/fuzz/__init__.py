"""Fuzzing: input nobody thought of, at every door where bytes come in from elsewhere.

`make fuzz` mutates valid input towards code that was not reached before (atheris, libFuzzer's way) and asks the APIs
whatever their descriptions allow (schemathesis), and writes down with figures what came of it.
"""
