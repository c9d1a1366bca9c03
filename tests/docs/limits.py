"""docs/limits.md against the code: each number with what its last column names, each kMax constant with the page."""

import ast
import operator
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = "docs/limits.md"
FOLDERS = ["registry", "dnsd", "api"]
OPERATORS = {ast.LShift: operator.lshift, ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub}


class NotANumber(Exception):
    pass


def evaluate(expression, path):
    """A C++ constant expression of numbers, << * + - and other constants of the same file or folder."""
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", expression)
    text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text)

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Name):
            return constant(node.id, path)
        raise NotANumber(expression)

    try:
        return value(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise NotANumber(expression) from error


def constant(name, path):
    for file in [path, *sorted(path.parent.glob("*.h"))]:
        found = re.search(rf"\b{name}\s*(?:=\s*|\{{)([^;}},)]+)", file.read_text())
        if found:
            return evaluate(found.group(1), file)
    raise NotANumber(name)


def default(table, key):
    """From the table of docs/configuration.md, whose defaults are compared with the parser by its own test."""
    text = (ROOT / "docs/configuration.md").read_text()
    section = re.search(rf"^## \[{table}\]$(.*?)(?=^## |\Z)", text, re.M | re.S)
    row = section and re.search(rf"^\| `{key}` \| `(\d+)` \|", section.group(1), re.M)
    return int(row.group(1)) if row else None


def rows():
    for number, line in enumerate((ROOT / PAGE).read_text().split("\n"), 1):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] not in ("bound", "---"):
            yield number, int(cells[1].replace(",", "")), cells[3].strip("| ")


def check():
    """(how many were compared, what is wrong)"""
    passed, wrong, named = 0, [], set()
    for number, value, where in rows():
        for place, name in re.findall(r"`([^`]+)` `([^`]+)`", where):
            named.add(name)
            table = re.fullmatch(r"\[(\w+)\]", place)
            try:
                real = default(table.group(1), name) if table else constant(name, ROOT / place)
            except (NotANumber, OSError) as error:
                wrong.append(f"{PAGE}:{number}: {place} has no number called {name} ({error})")
                continue
            if real == value:
                passed += 1
            else:
                wrong.append(f"{PAGE}:{number}: says {value}, {place} {name} is {real}")
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.[hc]*")):
            if file.stem.endswith("_test") or file.suffix not in (".h", ".cc"):
                continue
            for name in re.findall(r"constexpr\b[^;=({]*\b(kMax\w+)\s*[={]", file.read_text()):
                if name in named:
                    passed += 1
                else:
                    wrong.append(f"{file.relative_to(ROOT)}: {name} is not on {PAGE}")
    return passed, wrong
