"""A Shiny page as one writes it: a slider, and the course drawn by matplotlib on the server."""

from __future__ import annotations

import socket

from matplotlib.figure import Figure
from shiny import App, Inputs, Outputs, Session, render, ui

import pkpd

OUTPUTS = ("il2", "treg", "nk", "cd56bright", "eosinophils")
PAGE = ui.page_fluid(
    ui.input_slider("ec50", "treg_ec50, pM", min=2, max=50, value=10, step=0.1),
    ui.output_plot("course", height="900px"),
)


def server(inputs: Inputs, outputs: Outputs, session: Session) -> None:
    """The same course and outputs as the other page."""

    @render.plot
    def course() -> Figure:
        values = pkpd.load_parameters("il2").set(treg_ec50=f"{inputs.ec50()} pM")
        found = pkpd.simulate("he2020", parameters=values, days=84)
        figure = Figure(figsize=(9, 9), layout="constrained")
        for axes, name in zip(figure.subplots(len(OUTPUTS)), OUTPUTS, strict=True):
            axes.plot(found.times, found[name])
            axes.set_ylabel(f"{name}, {found.unit(name)}")
        return figure


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(f"http://127.0.0.1:{port}/", flush=True)
    App(PAGE, server).run(port=port, log_level="error")
