"""Which outputs no data stand behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from band_cases import MODEL, OWN

from pkpd.engine.code.library import outline_of
from pkpd.errors import PkpdError
from pkpd.parameters import Parameters, load_parameters
from pkpd.quantities import quantity
from pkpd.trials.evidence import data_behind, own_parameters, without_data

IL2 = load_parameters("il2")
OUTPUTS = [o.name for o in outline_of("il2").outputs]


def test_eosinophils_have_no_data_behind_them_and_cells_have() -> None:
    known = {o.name: data_behind(o.name, IL2) for o in outline_of("il2").outputs}
    assert {name for name, found in known.items() if not found} == {"eosinophils", "eosinophils_fold"}
    assert all(data_behind(o.name, OWN) for o in outline_of(MODEL).outputs)
    two = [quantity(name, OUTPUTS) for name in ("eosinophils_peak_fold", "treg_peak_fold")]
    (said,) = without_data(two, IL2, "il2", ("treg_ec50",)).values()
    assert "il5_ec50" in said and said.endswith("its interval leaves out how uncertain these are")
    with pytest.raises(PkpdError, match="did you mean 'eosinophils'"):
        own_parameters("eosinophil", "il2")


def test_one_fitted_parameter_of_its_own_is_data_behind_an_output() -> None:
    fit = "fit of il2 to mine.csv"
    tables = tuple(replace(t, basis="fitted", source=(fit,)) if t.name == "il5_induction" else t for t in IL2.tables)
    assert data_behind("eosinophils_fold", Parameters(tables, "mine.toml", "il2"))
