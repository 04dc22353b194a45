"""Event tables, SBML, Antimony and PEtab: data and models of the field's other tools."""
