"""Models as SBML and Antimony, with schedules as events."""
