"""A model as a LaTeX document: it compiles, holds everything the model does, and nothing runs off the page."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest
import sympy
from commands import pkpd, works
from hypothesis import example, given
from hypothesis import strategies as st
from latex_cases import NASTY, TOO_WIDE, compiled, overfull
from models import one_compartment

from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build
from pkpd.model.latex.document import page
from pkpd.model.latex.equations import LINE, signs, symbol_text, symbols, terms, writer
from pkpd.model.latex.text import escape
from pkpd.model.latex.whole import equations, latex
from pkpd.model.registry import get_model
from pkpd.references import bibliography
from pkpd.simulation import default_parameters

WIDE = "a_name_that_is_as_long_as_names_may_be_sixty_one_letters_long"


@lru_cache
def nasty() -> Model:
    """What a user may declare: any text as meaning and flow, symbols that are none, and expressions too wide to set."""

    def block(m: Builder) -> None:
        x = m.state("x", "1", initial=0.5, meaning=NASTY, latex="x_{a%b")
        m.state("y_2", "pM", initial=7, meaning="", latex="ψ^*")
        wide = m.parameter(WIDE, "1/h", value=1e-7, meaning=NASTY * 4)
        rates = [
            m.parameter(f"rate_{k}", "1", value=float(k), meaning=NASTY, latex=rf"\rho_{{{k}}}") for k in range(60)
        ]
        m.flow(NASTY, wide * x, out_of=x)
        m.flow("50 % _in", wide * x, out_of=x)
        m.flow("50 % _in", wide * sympy.Add(*rates) * x / (1 + sympy.Mul(*rates)), into=x)
        m.flow("power", wide * (x + sympy.Add(*rates)) ** (1 + sympy.Add(*rates) * x), out_of=x)
        m.flow("root", wide * sympy.sqrt(sympy.Add(*rates) + x), out_of=x)
        m.flow("least", wide * sympy.Max(sympy.Add(*rates[:40]), sympy.Mul(*rates) + x), out_of=x)
        m.change(x, wide * sympy.exp(-sympy.Add(*rates) * x) / sympy.Add(*rates) ** 3)
        m.change(x, wide * sympy.Piecewise((sympy.Add(*rates), x > sympy.Add(*rates)), (sympy.Mul(*rates), True)))
        nest = x
        for rate in rates:
            nest = 1 / (1 + rate * nest)
        m.define("nested", nest, "1", NASTY)
        m.output("share", x, "%", NASTY, fold=True)
        m.output("mass", m["y_2"], "pM", NASTY)
        m.route("iv", into=x, unit="1", bioavailability=rates[1] / (1 + rates[2]), lag=0.25, rate=rates[3] * wide)
        m.require(rates[0], rates[1], NASTY)

    return build("any % name_of & model", block, meaning=NASTY)


def written(model: Model) -> str:
    return latex(model, default_parameters(model))


@pytest.mark.parametrize("name", ["il2", "il2_minimal"])
def test_our_models_compile_and_stay_on_the_page(tmp_path: Path, name: str) -> None:
    said = works("model", name, "--latex")
    log = compiled(tmp_path, said)
    assert max(overfull(log), default=0.0) < TOO_WIDE
    # one run is enough: nothing in the document refers to another page
    assert "Rerun" not in log and "undefined" not in log


def test_any_model_compiles_and_stays_on_the_page(tmp_path: Path) -> None:
    log = compiled(tmp_path, written(nasty()))
    assert max(overfull(log), default=0.0) < TOO_WIDE


@pytest.mark.parametrize("name", ["il2", "il2_minimal"])
def test_everything_is_in_the_document(name: str) -> None:
    model, values = get_model(name), default_parameters(get_model(name))
    text = written(model).replace(r"\allowbreak{}", "")
    rows = [row.split(" & ") for row in text.splitlines() if row.endswith(r" \\")]
    cells = {row[1]: row for row in rows}
    for p in model.parameters:
        given = values[p.name]
        row = cells[escape(p.name, 0)]
        assert row[0] == (f"${p.latex}$" if p.latex else "")
        assert row[4].removesuffix(" (covariate)") == escape(given.meaning, 0)
        assert row[4].endswith(" (covariate)") == p.covariate
        assert row[5] == given.basis
        sources = "" if given.source == ("assumed",) else ", ".join(escape(key, 0) for key in given.source)
        assert row[6] == rf"{sources} \\"
        # six digits are printed, so half a unit of the sixth may be missing
        shown = row[2].strip("$").replace(r" \cdot\allowbreak 10^{", "e").replace("}", "")
        assert float(shown) == pytest.approx(given.value, rel=5e-6)
        assert row[3] == ("" if given.unit == "1" else escape(given.unit, 0))
    for s in model.states:
        assert cells[escape(s.name, 0)][0] == (f"${s.latex}$" if s.latex else "")
        assert rf"\frac{{d {symbols(model)[s.name]}}}{{dt}} = " in text
    for named in model.outputs:
        assert rf"y_{{\text{{{escape(named.name, 0)}}}}} = " in text
    for flow in model.flows:
        assert rf"J_{{\text{{{escape(flow.name, 0)}}}}} = " in text
    for d in model.derived + model.rates:
        assert f"{symbols(model)[d.name]} = " in text and escape(d.name, 0) in text
    for q in model.requirements:
        assert escape(q.meaning, 0) in text
    for r in model.routes:
        assert rf"\textbf{{{r.name}}}: doses in {r.unit} into" in text
    for reference in bibliography(values.sources()):
        assert rf"\item[{escape(reference.key, 0)}] " in text
        assert escape(reference.title, 0) in text


def test_a_state_changes_by_its_flows() -> None:
    text = written(one_compartment())
    assert r"\frac{d \mathrm{depot}}{dt} = - J_{\text{absorption}}}" in text
    assert r"\frac{d \mathrm{central}}{dt} = J_{\text{absorption}} \allowbreak - J_{\text{elimination}}}" in text


def test_flows_of_one_name_are_told_apart() -> None:
    assert r"J_{\text{50 \% \_in}} = " in written(nasty())
    assert r"J_{\text{50 \% \_in, 2}} = " in written(nasty())


def test_a_long_name_of_a_flow_stands_beside_it() -> None:
    line = next(line for line in written(nasty()).splitlines() if line.startswith(r"\equationline{J_{1} = "))
    assert line.endswith(f"{{{escape(NASTY)}: from x to outside}}")


def test_a_modelled_rate_is_shown_where_there_is_one() -> None:
    shown = re.search(r"lag \$0.25\$, content \$1\$, modelled rate \$(.*?)\$", written(nasty()))
    assert shown and r"\rho_{3}" in shown[1]
    assert "modelled" not in written(get_model("il2"))


def test_values_follow_a_parameter_file(here: Path) -> None:
    default_parameters("il2").set(treg_ec50="12.5 pM").write("own.toml")
    row = next(
        r for r in works("model", "il2", "--latex", "--params", "own.toml").splitlines() if r.startswith("$K_T$")
    )
    assert " & $12.5$ & pM & " in row and " & assumed & " in row


def test_a_fragment_holds_the_equations_alone(tmp_path: Path) -> None:
    fragment = works("model", "il2", "--latex", "--fragment").strip()
    assert fragment.startswith(r"\begin{align*}") and fragment.endswith(r"\end{align*}")
    model = get_model("il2")
    assert fragment.count("&=") == len(model.states) + len(model.rates) + len(model.derived)
    head = r"\documentclass[a4paper]{article}\usepackage[margin=2cm]{geometry}\usepackage{amsmath}\allowdisplaybreaks"
    log = compiled(tmp_path, f"{head}\\begin{{document}}\n{fragment}\n\\end{{document}}\n")
    assert max(overfull(log), default=0.0) < TOO_WIDE


def test_a_fragment_goes_with_latex() -> None:
    said = pkpd("model", "il2", "--fragment")
    assert said.status == 2 and "--fragment goes with --latex" in said.err


# --- text


@given(st.text(max_size=60))
@example(NASTY)
@example("--–—''`` \u0301 e\u0301\u0302 \ud800 \x00 \u2028")
@example("x" * 60)
def test_escaped_text_holds_no_command_but_ours(text: str) -> None:
    shown = escape(text)
    assert shown.isascii() and shown.isprintable()
    bare = re.sub(r"\\(?:[a-zA-Z]+|.)", "", shown.replace(r"{^{\circ}}", "").replace(r"{{}^{0}\!/_{00}}", ""))
    assert not set(bare) & set('%#&$_~^<>|"\\') - ({"~"} if "\u00a0" in text else set())
    depths = [bare[:k].count("{") - bare[:k].count("}") for k in range(len(bare) + 1)]
    assert min(depths) == 0 == depths[-1]
    assert set(re.findall(r"\\([a-zA-Z]{3,})", shown)) <= OURS
    if re.fullmatch(r"[A-Za-z0-9 .,:;()\[\]/+*=!@]*", text):  # plain text stays as it is
        assert shown.replace(r"\allowbreak{}", "").split() == text.split()


OURS = set(re.findall(r"\\([a-zA-Z]{3,})", "".join(escape(chr(k)) for k in range(0x3000)))) | {"allowbreak"}


def test_different_texts_are_set_differently() -> None:
    apart = ["a_b", "a^b", "a~b", "a b", "a%b", "a&b", "a#b", "a$b", "a\\b", "a{b", "a}b", "a<b", "a>b", "a|b", "a--b"]
    apart += ["aµb", "aαb", "a–b", "a—b", "a²b", "a₂b", "a≤b", "a≥b", "aéb", "aèb", "a中b"]
    assert len({escape(text) for text in apart}) == len(apart)


def test_every_character_compiles(tmp_path: Path) -> None:
    # Latin, Greek, marks, other scripts, punctuation, arrows and signs, and joined pairs
    lines = ["".join(chr(k) for k in range(start, start + 64)) for start in range(0, 0x3000, 64)]
    lines += [NASTY, "-'\"`–’" * 9, "🙂\ud800\U0010ffff"]
    compiled(tmp_path, page(NASTY, "\n\n".join(rf"\raggedright {escape(line)}" for line in lines)))


# --- mathematics


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("k_a", "k_a"),
        (r"\mu_{\max}", r"\mu_{\max}"),
        ("α_1", r"\text{\ensuremath{\alpha}}_1"),
        (r"\%_a", r"\%_a"),
        *((broken, "") for broken in ("", " ", "a%b", "a_{b", "a}b{", "$a$", "a&b", "a#1", "a\\", "a\n\nb", "a\x1bb")),
    ],
)
def test_declared_symbols(declared: str, shown: str) -> None:
    assert symbol_text(declared) == shown


def test_names_without_symbol_stand_upright() -> None:
    assert symbols(one_compartment())["sc_lag"] == r"\mathrm{sc\_lag}"


def test_sums_break_at_their_terms() -> None:
    a, b, c = (sympy.Symbol(n, real=True) for n in "abc")
    write = writer({n: n for n in "abc"})
    assert terms(write(a - b * (a + c) / c)) == ["a", r"- \frac{b\, \left(a + c\right)}{c}"]
    assert terms(write(a * b)) == [r"a\, b"]
    assert terms(write(-a - 2)) == ["- a", "- 2"]


def test_what_no_line_holds_is_written_along_it() -> None:
    names = {f"a{k}": f"a_{{{k}}}" for k in range(60)}
    write, symbol = writer(names), [sympy.Symbol(n, real=True) for n in names]
    many, x = sympy.Add(*symbol), symbol[0]
    for wide in (many / (x + 1), 1 / many, many**x, sympy.sqrt(many), sympy.exp(many), sympy.Max(many, x)):
        text = write(wide)
        assert r"\allowbreak + a_{30}" in text, text
        assert not re.search(r"\\(?:frac{a|sqrt|left)", text), text
    assert r"\frac{a_{1}}{a_{2}}" in write(symbol[1] / symbol[2])


def test_lines_of_the_fragment_are_short() -> None:
    for name in ("il2", "il2_minimal"):
        for line in equations(get_model(name)).split("\\\\\n"):
            # the left side, and one term that is longer than a line, may come on top
            assert signs(line) <= LINE + 10
