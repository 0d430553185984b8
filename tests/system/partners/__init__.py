"""Partners' systems for certification, each a program of its own that knows the kit or nothing of ours."""
