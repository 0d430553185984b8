"""`make demo`: start the whole network on this machine, play the main job, show what was seen, stay up until Ctrl-C.

python -m deploy.demo.demo up [--once] [--no-story] [--json] [--dev FOLDER]
python -m deploy.demo.demo up --time-lapse [--once] [--json]     twenty days of deadlines instead of the story
python -m deploy.demo.demo story [--json] [--dev FOLDER]      plays it once more on the running demo

Exit: 0 every step held (or ended by Ctrl-C), 1 a step failed, 2 the demo did not start, 3 no RabbitMQ to be had.
"""

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from deploy.demo import stage
from deploy.demo.network import Network, StartError
from deploy.demo.places import DEV, read_state
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.showing import show_addresses, show_day, show_row, show_table
from deploy.demo.story import Story, as_json
from deploy.demo.time_lapse import TimeLapse, missing
from deploy.demo.time_lapse import as_json as lapse_as_json

#: A digest waits ten minutes for its fellows; in a time-lapse that is a second.
HURRIED = {"LADDER_SCALE": "0.003"}


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked for; without a word, that is `up`."""
    chosen = _parser().parse_args(arguments)
    chosen.dev = chosen.dev.resolve()
    console = Console(stderr=chosen.json, soft_wrap=False)
    if chosen.command == "story":
        return 0 if play(chosen.dev, console, as_data=chosen.json) else 1
    signal.signal(signal.SIGTERM, _end)
    try:
        return up(chosen, console)
    except NoBrokerError as error:
        console.print(f"There is no RabbitMQ here. Type:\n\n  {escape(str(error))}\n")
        return 3
    except StartError as error:
        console.print(f"[bold red]The demo did not start.[/] {escape(str(error))}")
        return 2
    except KeyboardInterrupt:
        return 0


def up(chosen: argparse.Namespace, console: Console) -> int:
    """Start everything, play the story unless told not to, and stay."""
    began = time.monotonic()
    ready = chosen.dev / "ready"
    ready.unlink(missing_ok=True)
    network = Network(
        chosen.dev,
        tell=lambda line: console.print(f"[dim]{time.monotonic() - began:5.1f} s[/] {line}"),
        changes=HURRIED if chosen.time_lapse else {},
    )
    held = True
    try:
        network.start()
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/] the directory is taken in, the partners join")
        stage.furnish(network)
        if not chosen.time_lapse:  # there everybody keeps silent
            network.start_partners()
        network.watch()
        ready.touch()
        if chosen.time_lapse:
            held = lapse(network, console, as_data=chosen.json)
        elif not chosen.no_story:
            held = play(chosen.dev, console, as_data=chosen.json)
        if not chosen.once:
            show_addresses(console, network)
            threading.Event().wait()
    finally:
        ready.unlink(missing_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        console.print("[dim]stopping everything[/]")
        network.stop()
    return 0 if held else 1


def play(dev: Path, console: Console, *, as_data: bool) -> bool:
    """The story on the running demo of this folder, step by step."""
    if not (dev / "ready").exists():
        console.print(f"No demo is running in {dev}.")
        return False
    story = Story(stage.setting(read_state(dev), dev), tell=lambda row: show_row(console, row))
    began = time.monotonic()
    held = story.play()
    show_table(console, story.rows, time.monotonic() - began)
    (dev / "result.json").write_text(as_json(story.rows))
    if as_data:
        print(json.dumps(json.loads(as_json(story.rows)), ensure_ascii=False, indent=1), flush=True)
    return held


def lapse(network: Network, console: Console, *, as_data: bool) -> bool:
    """Twenty days, each shown when it is over; what should have been seen and was not is said at the end."""
    lapsing = TimeLapse(network, stage.setting(read_state(network.dev), network.dev))
    lapsing.tell = lambda day: show_day(console, day, lapsing.numbers)
    began = time.monotonic()
    lapsing.play()
    wrong = missing(lapsing.days, lapsing.numbers)
    for line in wrong:
        console.print(f"[bold red]FAILED[/] {escape(line)}")
    console.print(f"{len(lapsing.days)} days in {time.monotonic() - began:.0f} s, {len(wrong)} things missing")
    text = lapse_as_json(lapsing.days, lapsing.numbers)
    (network.dev / "time-lapse.json").write_text(text)
    if as_data:
        print(text, flush=True)
    return not wrong


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=("up", "story"), default="up")
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument("--no-story", action="store_true", help="only start everything")
    parser.add_argument("--time-lapse", action="store_true", help="play twenty days of deadlines instead of the story")
    parser.add_argument("--json", action="store_true", help="the result as JSON on standard output")
    parser.add_argument("--dev", type=Path, default=DEV, help="where the demo keeps its things (default: .dev)")
    return parser


def _end(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
