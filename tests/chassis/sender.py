"""A service that only tells; run as a program by the tests: ``python -m tests.chassis.sender relay``."""

from pathlib import Path

from services.chassis.launch import Service, main

if __name__ == "__main__":
    main(Service(name="directory", package="tests.chassis.sender", migrations=Path(__file__).parent / "none"))
