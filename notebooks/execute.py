"""
Runs a notebook from end to end: execute.py NOTEBOOK --to FOLDER [--answers FILE]. Leaves <folder>/<name>.ipynb with its results and <folder>/<name>.html.
Exit code 0; 1 where a cell failed: what ran until then is written all the same.
"""
import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell

CELL_LIMIT_S = 600


def execute(notebook, folder, answers):
    """Answers with the error of the cell that failed, or None. `answers`: where the queries and their rows go."""
    # The kernel listens on loopback, with a key of its own; what it says of encryption helps nobody.
    client = NotebookClient(notebook, timeout=CELL_LIMIT_S, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, extra_arguments=["--log-level=ERROR"])
    try:
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            if answers is not None:
                notebook.cells.append(new_code_cell(f"lake.save_answers({str(answers)!r})"))
                client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
                notebook.cells.pop()
    except CellExecutionError as error:
        return error
    return None


def main(arguments):
    parser = argparse.ArgumentParser(prog="execute.py")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--answers", type=Path)
    given = parser.parse_args(arguments)
    notebook = nbformat.read(given.notebook, as_version=4)
    failure = execute(notebook, given.notebook.resolve().parent, given.answers)
    nbformat.write(notebook, given.to / given.notebook.name)
    # Without these addresses the page fetches nothing from elsewhere.
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="", embed_images=True)
    page, _ = exporter.from_notebook_node(notebook)
    (given.to / f"{given.notebook.stem}.html").write_text(page, encoding="utf8")
    if failure is not None:
        print(f"{given.notebook.name}: {failure.ename}: {failure.evalue}", file=sys.stderr)
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
