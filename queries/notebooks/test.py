"""Runs the notebooks: each of archives, and of an output of each kind that was made from them before. The facts that they assert must
hold, and what they show must be the same. Arguments: the folder to work in. CKEXPORT is the program, as for the notebooks."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from nbconvert.preprocessors import ExecutePreprocessor
import nbformat

NOTEBOOKS = Path(__file__).resolve().parent
ARCHIVES = NOTEBOOKS / "../../testdata/archives"
PLOTS = {"findings": ["changes.svg", "footholds.svg", "memory.svg"], "incident": ["incident.svg"]}


def run(name, given, folder):
    """What the cells of a notebook show, when it is asked of what is given."""
    os.environ.update(CKEXPORT_INPUT=str(given), CKEXPORT_PLOTS=str(folder))
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        assert cell.cell_type != "code" or not cell.outputs and cell.execution_count is None, f"{name}.ipynb has outputs: clear them"
    began = time.monotonic()
    ExecutePreprocessor(timeout=120, kernel_name="python3").preprocess(notebook, {"metadata": {"path": NOTEBOOKS}})
    print(f"{name} of {Path(given).name}: {time.monotonic() - began:.0f} s")
    nbformat.write(notebook, folder / f"{name}.ipynb")
    # what a cell prints comes in one piece or in several
    shown = ["".join(o.text if o.output_type == "stream" else json.dumps(o.data) for o in cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
    assert "all facts hold" in shown[-1], f"{name} asserts nothing of {given}"
    return shown + [(folder / plot).read_bytes() for plot in PLOTS[name]]


work = Path(sys.argv[1]).resolve()
shown = {name: run(name, ARCHIVES, work) for name in PLOTS}
for kind in "duckdb", "parquet", "iceberg":
    (work / kind).mkdir(exist_ok=True)
    output = work / kind / f"fleet.{kind}"
    subprocess.run([os.environ["CKEXPORT"], ARCHIVES, "-o", output, "--memory", "all", "--scan", "builtin", "--quiet"], check=True)
    for name in PLOTS:
        for i, (before, after) in enumerate(zip(shown[name], run(name, output, work / kind), strict=True)):
            assert before == after, f"{name} shows other things of {output.name}, in code cell {i + 1}:\n{after}\ninstead of\n{before}"
