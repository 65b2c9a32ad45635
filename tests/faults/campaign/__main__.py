"""The fault campaign: every fault on servers of its own, counted by a checker that shares no code with the product.

python -m tests.faults.campaign --seed 1                 # make faults SEED=1
python -m tests.faults.campaign --brief --only NAME
python -m tests.faults.campaign --docs out/faults.json   # writes docs/reliability.md
"""

import argparse
import importlib.util
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tests.faults.campaign import report
from tests.faults.campaign.coverage import not_covered
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.faults import all_faults
from tests.faults.campaign.lanes import Lanes
from tests.faults.campaign.machine import about
from tests.faults.campaign.outcome import Outcome
from tests.faults.campaign.reliability import write_page

OUT = Path("out/faults.json")
PAGE = Path("docs/reliability.md")
LANES = 3
# A narrower table could not be read; also where no terminal is.
WIDTH = 140


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything held; 1 when something did not; 130 when it was interrupted."""
    asked = _parser().parse_args(arguments)
    if asked.docs is not None:
        write_page(PAGE, asked.docs or [OUT])
        return 0
    faults = _chosen(asked.only)
    if asked.list:
        for fault in faults:
            print(f"{fault.name}  rows {', '.join(map(str, fault.rows))}  {fault.title}")
        return 0
    return Campaign(faults, asked).run()


class Campaign:
    """One run of the command."""

    def __init__(self, faults: Sequence[Fault], asked: argparse.Namespace) -> None:
        self._faults, self._asked = faults, asked
        self._console = Console(width=max(Console().width, WIDTH))
        self._seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
        self._folder = Path(tempfile.mkdtemp(prefix="headrace-faults-"))
        self._outcomes: list[Outcome] = []
        self._mutants: dict[str, Any] | None = None

    def run(self) -> int:
        """Run everything, tell, write it down."""
        plan = f"seed {self._seed}, {len(self._faults)} faults, {self._asked.lanes} lanes, folders in {self._folder}"
        self._say(plan)
        begun = time.monotonic()
        lanes = Lanes(self._folder, self._seed, lanes=self._asked.lanes, brief=self._asked.brief)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._await(lanes)
            whole = True
        except KeyboardInterrupt:
            self._say("interrupted; ending what runs")
            whole = False
        finally:
            lanes.stop()
        return self._tell(whole, time.monotonic() - begun)

    def _await(self, lanes: Lanes) -> None:
        mutants = lanes.mutants() if self._with_mutants() else None
        for future in lanes.submit(self._faults, self._told):
            future.result()
        self._mutants = mutants.result() if mutants else None

    def _with_mutants(self) -> bool:
        """With everything, unless told otherwise; not with a choice of faults, unless told so."""
        wanted = self._asked.mutants if self._asked.mutants is not None else not self._asked.only
        return wanted and importlib.util.find_spec("tests.faults.campaign.mutants") is not None

    def _told(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        told = f"[{len(self._outcomes)}/{len(self._faults)}] {outcome.fault}"
        self._console.print(Text(told), report.verdict(outcome), f"{outcome.seconds} s")

    def _tell(self, whole: bool, seconds: float) -> int:
        order = {fault.name: index for index, fault in enumerate(self._faults)}
        outcomes = sorted(self._outcomes, key=lambda outcome: order[outcome.fault])
        missing = [] if self._asked.only else not_covered(self._faults)
        report.show(outcomes, self._mutants, missing, self._console)
        if not self._asked.only:
            report.show_not_shown(self._console)
        on = about() | {"whole": whole, "brief": self._asked.brief, "lanes": self._asked.lanes, "seed": self._seed}
        report.write(self._asked.out, outcomes, self._mutants, on | {"seconds": round(seconds)})
        self._say(f"{self._asked.out} written, {seconds:.0f} s; again with --seed {self._seed}")
        if not whole:
            return 130
        if not report.passed(outcomes, self._mutants, missing):
            return 1
        shutil.rmtree(self._folder, ignore_errors=True)
        return 0

    def _say(self, text: str) -> None:
        self._console.print(Text(text))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="drawn and printed when not given")
    parser.add_argument("--only", action="append", metavar="NAME", help="this fault; may be repeated")
    parser.add_argument("--lanes", type=int, default=LANES, help=f"so many faults beside each other (default {LANES})")
    parser.add_argument("--brief", action="store_true", help="2,000 requests a fault and short durations")
    parser.add_argument("--mutants", action=argparse.BooleanOptionalAction, help="default: unless --only is given")
    parser.add_argument("--list", action="store_true", help="names of faults, rows, what they are")
    parser.add_argument("--out", type=Path, default=OUT, help=f"default {OUT}")
    parser.add_argument("--docs", nargs="*", type=Path, metavar="JSON", help=f"write {PAGE} from results; runs nothing")
    return parser


def _chosen(only: Sequence[str] | None) -> list[Fault]:
    faults = {fault.name: fault for fault in all_faults()}
    if unknown := set(only or ()) - set(faults):
        sys.exit(f"no such fault: {', '.join(sorted(unknown))}; there are: {', '.join(faults)}")
    return [fault for name, fault in faults.items() if not only or name in only]


if __name__ == "__main__":
    sys.exit(main())
