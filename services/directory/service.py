"""Table of contents: the directory hears nobody. It is filled through the operators' door and tells everybody."""

from pathlib import Path

from services.chassis.launch import Service
from services.directory.clock_jobs import CLOCK_JOBS
from services.directory.commands.applying import announce_everything
from services.directory.web.app import create_app

HERE = Path(__file__).parent

DIRECTORY = Service(
    name="directory",
    migrations=HERE / "migrations",
    web=create_app,
    clock_jobs=CLOCK_JOBS,
    snapshot=announce_everything,
)
