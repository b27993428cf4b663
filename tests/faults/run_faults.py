"""Makes calls with faults, with faults.c preloaded.

Reads lines "check scene times" and answers each with a line of JSON: what is
wrong, and how many faults there were.
"""

import faulthandler
import json
import sys
import traceback

import check_names
import check_rows
import check_short
import check_waits
from checking import totals
from scenes import ROWS

SECONDS = 120

CHECKS = {
    name.removeprefix("check_"): check
    for module in (check_names, check_rows, check_short, check_waits)
    for name, check in vars(module).items()
    if name.startswith("check_")
}


def serve():
    for line in sys.stdin:
        check, scene, times = line.split()
        print(line, end="", file=sys.stderr, flush=True)
        # If something hangs, it ends with a traceback.
        faulthandler.dump_traceback_later(SECONDS + int(times), exit=True)
        totals.clear()
        answer = {"counts": totals}
        try:
            CHECKS[check](ROWS.get(scene, scene), int(times))
        except BaseException:
            answer["wrong"] = traceback.format_exc()
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    faulthandler.enable()
    serve()
