"""Every scenario, in the order of the table."""

from __future__ import annotations

import doses
import orders
import others
import steady

SCENARIOS = (*doses.SCENARIOS, *steady.SCENARIOS, *orders.SCENARIOS, *others.SCENARIOS)
NAMED = {scenario.name: scenario for scenario in SCENARIOS}
assert len(NAMED) == len(SCENARIOS), "two scenarios have one name"
