"""The table of faults that the campaign answers to, and what no fault of it covers."""

from collections.abc import Sequence

from tests.faults.campaign.fault import Fault

ROWS = {
    1: "scorer killed (signal 9) before the produce, after it, and before the commit",
    2: "slow head message while later ones are done, then kill -9",
    3: "scorer asked to leave (SIGTERM) under load",
    4: "scorer stopped past its session time-out, then continued: a zombie",
    5: "workers 1 → 3 → 1, over and over",
    6: "model raises on 1 % of the rows",
    7: "broker restarted cleanly",
    8: "broker killed",
    9: "broker away for a minute and for five",
    10: "half-open network: bytes vanish without a reset",
    11: "reply to a produce lost",
    12: "network with latency (200 ms ± 100) and stalls (1 %)",
    13: "ClickHouse away for five minutes",
    14: "ClickHouse's reply lost after the insert",
    15: "ClickHouse slow (20 s an insert), too many parts",
    16: "sink killed before the insert, after it, and after the commit",
    17: "sink zombie",
    18: "ClickHouse killed during an insert",
    19: "poison messages: random bytes, truncated, wrong magic",
    20: "10 MB message",
    21: "unknown schema id; old and new schema mixed",
    22: "NaN, infinity, null, missing or extra feature, unseen category, overflow, empty batch",
    23: "duplicate request ids, with the same and with another payload",
    24: "release of an unknown version, of missing files, of a path that leaves its folder",
    25: "bundle with a byte flipped, truncated, unsigned, of a wrong or expired key",
    26: "bundle that loads but is wrong: other scores, NaN, 10 × slower, out of memory",
    27: "500 release events in 5 s",
    28: "two releases race, arrive out of order, an old one is replayed",
    29: "kill or rebalance during a swap",
    30: "rollback under load; bundle deleted after its release",
    31: "clocks skewed: ± 1 h at a worker, ± 1 day at a producer",
    32: "disk full: broker, ClickHouse, cache",
    33: "labels late, out of order, duplicated, contradictory, for unknown ids, flooding",
    34: "ten times the load for five minutes",
    35: "soak",
    36: "wrong credentials or expired certificate mid-run",
    37: "requests replayed with the releases of then",
    38: "a seeded random mix",
}

# Rows without a fault, and why. A row that is neither covered nor here fails the campaign.
NOT_SHOWN = {
    31: "Not injected yet: a worker's clock is the machine's unless a library is preloaded.",
    33: "No strike: tests/integration/test_labels.py has them all and recomputes the quality from raw topics.",
    36: "Not injected yet: the local broker and the local ClickHouse speak without TLS and without users.",
}


def not_covered(faults: Sequence[Fault]) -> list[int]:
    """Rows that no fault covers and for which no reason is given."""
    covered = {row for fault in faults for row in fault.rows}
    return [row for row in ROWS if row not in covered and row not in NOT_SHOWN]
