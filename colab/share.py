"""Writes the cells that the notebooks share into each of them, and their badges into README.

    python colab/share.py [folder of a checkout]

The one place for the address of the repository is the line `repository-code:` in CITATION.cff. With
one, it is the default of the first cell, and README has badges that open the notebooks in Colab.
"""

import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).parent
BADGES = "<!-- The badges of the notebooks, which colab/share.py writes. -->"
IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
FORM = {"cellView": "form"}


def read_address(root: pathlib.Path) -> str:
    return yaml.safe_load((root / "CITATION.cff").read_text()).get("repository-code", "")


def make_first_cell(address: str) -> str:
    text = (HERE / "first_cell.py").read_text().rstrip()
    return text.replace('REPOSITORY = ""', f'REPOSITORY = "{address}"', 1)


def make_badge(address: str, name: str) -> str:
    """Returns Markdown that opens a notebook of a GitHub repository in Colab."""
    place = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", address)
    if place is None:
        raise SystemExit(f"{address}: Colab opens only https://github.com/OWNER/REPOSITORY")
    link = f"https://colab.research.google.com/github/{place[1]}/blob/main/colab/{name}.ipynb"
    return f"[![Open {name} in Colab]({IMAGE})]({link})"


def share(root: pathlib.Path) -> None:
    address = read_address(root)
    notebooks = sorted((root / "colab").glob("*.ipynb"))
    for path in notebooks:
        content = json.loads(path.read_text())
        shared = {"first-cell": make_first_cell(address)}
        shared["check-cell"] = (HERE / "check_cell.py").read_text().rstrip()
        for cell in content["cells"]:
            if cell["id"] in shared:
                cell["metadata"] = dict(FORM)
                cell["source"] = shared[cell["id"]].splitlines(keepends=True)
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    badges = [make_badge(address, path.stem) for path in notebooks] if address else []
    for page in (root / "README.md", root / "docs/api.md"):
        before, mark, after = page.read_text().partition(BADGES + "\n")
        if not mark:
            raise SystemExit(f"{page}: has no line {BADGES}")
        while after.startswith("[![Open "):
            after = after.partition("\n")[2]
        page.write_text(before + mark + "".join(f"{badge}\n" for badge in badges) + after)


if __name__ == "__main__":
    share(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent)
