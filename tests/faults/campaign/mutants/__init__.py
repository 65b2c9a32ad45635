"""The product with a mistake in it, run under a fault: the checker must say so.

python -m tests.faults.campaign.mutants [NAME …]
"""

from tests.faults.campaign.mutants.running import run_mutants

__all__ = ["run_mutants"]
