"""Parts of the page of a report: equations, parameters, evidence, limits and sources, each as HTML or sentences."""
