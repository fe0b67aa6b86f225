#!/usr/bin/env python3
"""Checks the Markdown files of the repository.

    documents.py links          links and anchors within the repository exist; READMEs of crates have absolute links only
    documents.py layout         lines outside of code and tables have the maximum width, and code spans do not span lines
    documents.py translation    README.ru.md has the commands and the table rows of README.md
    documents.py settings       settings.md of the server has the settings and the defaults of .env.example
    documents.py prose OUTPUT   the output of Vale for the files in .ci/prose is what these files expect
    documents.py self-test      the checks above find the offences in files that are made for it

Prints one line "file:line: reason" per offence. The exit status is 1 if there is any.
"""
import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = re.search(r'^repository = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]
MAX_WIDTH = 130
GENERATED = {".venv", "node_modules", "target"}

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
INLINE_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^()\s>]+)>?\)")
LINK_TARGET = re.compile(r"\]\(<?([^()\s>]+)>?\)")
REFERENCE = re.compile(r"^\[([^\]]+)\]:\s*<?(\S+?)>?$")
REFERENCE_USE = re.compile(r"\[([^\[\]]+)\](?:\[([^\[\]]*)\])?(?![(:\[\]])")
CODE_SPAN = re.compile(r"(`+)(.+?)\1")
TASK_BOX = re.compile(r"^\s*[-*] \[[ x]\]")


def markdown_files(root):
    files = (path for path in root.rglob("*.md") if not path.is_symlink())
    return sorted(path for path in files if not hidden_or_generated(path.relative_to(root)))


def hidden_or_generated(path):
    return any(part.startswith(".") or part in GENERATED for part in path.parts)


def prose_lines(path):
    """Yields (number, line) of the lines outside of code blocks."""
    in_code = False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if FENCE.match(line):
            in_code = not in_code
        elif not in_code:
            yield number, line


def code_blocks(path):
    """Returns the code blocks without their line numbers and indentation."""
    blocks, block = [], None
    for line in path.read_text("utf-8").splitlines():
        if FENCE.match(line):
            if block is None:
                block = []
            else:
                blocks.append(block)
                block = None
        elif block is not None:
            block.append(line)
    return blocks


def slug(heading):
    """Returns the anchor that GitHub gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def anchors(path):
    found, counts = set(), {}
    for _, line in prose_lines(path):
        heading = HEADING.match(line)
        if heading:
            anchor = slug(heading[1])
            count = counts.get(anchor, 0)
            counts[anchor] = count + 1
            found.add(f"{anchor}-{count}" if count else anchor)
    return found


def links(path):
    """Yields (number, target) of each link, and (number, None) of each reference without a definition."""
    lines = list(prose_lines(path))
    definitions = {found[1].lower() for _, line in lines if (found := REFERENCE.match(line))}
    for number, line in lines:
        definition = REFERENCE.match(line)
        if definition:
            yield number, definition[2]
            continue
        # The text of a link may begin on the line before.
        for target in LINK_TARGET.findall(line):
            yield number, target
        rest = TASK_BOX.sub("", INLINE_LINK.sub("", line))
        # A code span in brackets is a link as well; brackets within a code span are not.
        rest = CODE_SPAN.sub(lambda span: span[0] if "[" not in span[0] else "", rest)
        for text, name in REFERENCE_USE.findall(rest):
            if (name or text).lower() not in definitions:
                yield number, None


def is_readme_of_a_crate(path):
    return path.name == "README.md" and '\nreadme = "README.md"\n' in read_if_exists(path.parent / "Cargo.toml")


def read_if_exists(path):
    return path.read_text("utf-8") if path.is_file() else ""


def check_links(root):
    for path in markdown_files(root):
        name = path.relative_to(root)
        for number, target in links(path):
            reason = link_offence(root, path, target)
            if reason:
                yield f"{name}:{number}: {reason}"


def link_offence(root, path, target):
    if target is None:
        return "a reference in brackets has no definition"
    within_repository = re.match(re.escape(REPOSITORY) + r"/(?:blob|tree)/main/(.*)$", target)
    if within_repository:
        linked, _, fragment = within_repository[1].partition("#")
        return missing(root / unquote(linked), fragment, target)
    if urlsplit(target).scheme:
        return None
    linked, _, fragment = target.partition("#")
    if linked and is_readme_of_a_crate(path):
        return f"{target} is relative, so that it does not work on the page of a registry"
    return missing(path.parent / unquote(linked) if linked else path, fragment, target)


def missing(linked, fragment, target):
    if not linked.exists():
        return f"{target} does not exist"
    if fragment and linked.suffix == ".md" and fragment not in anchors(linked):
        return f"{target}: there is no such heading"
    return None


def check_layout(root):
    for path in markdown_files(root):
        for number, line in prose_lines(path):
            if len(line) > MAX_WIDTH and not line.startswith("|") and not REFERENCE.match(line):
                yield f"{path.relative_to(root)}:{number}: has {len(line)} characters, more than {MAX_WIDTH}"
            if line.count("`") % 2:
                yield f"{path.relative_to(root)}:{number}: a code span does not end in this line"


def first_cells(path):
    """Returns the first cells of all table rows but the headings and the lines below them."""
    rows = [line for _, line in prose_lines(path)]
    cells = []
    for row, following in zip(rows, rows[1:] + [""]):
        is_heading = following.startswith("| ---")
        if row.startswith("| ") and not row.startswith("| ---") and not is_heading:
            cells.append(row.split("|")[1].strip())
    return cells


def commands(path):
    """Returns the code blocks without comments, which are translated."""
    comment = re.compile(r"\s*(?:(?<!\S)#|//)\s.*$")
    return [[comment.sub("", line) for line in block] for block in code_blocks(path)]


def check_translation(root):
    original, translation = root / "README.md", root / "README.ru.md"
    for path, other in ((original, translation), (translation, original)):
        if other.name not in {target for _, target in links(path)}:
            yield f"{path.name}:1: has no link to {other.name}"
    yield from differences(translation.name, "code block", commands(original), commands(translation))
    yield from differences(translation.name, "first cell", first_cells(original), first_cells(translation))


def differences(name, kind, expected, actual):
    if len(expected) != len(actual):
        yield f"{name}:1: has {len(actual)} of {kind}, README.md has {len(expected)}"
    for ours, theirs in zip(expected, actual):
        if ours != theirs:
            yield f"{name}:1: {kind} {theirs!r} is {ours!r} in README.md"


def check_settings(root):
    server = root / "anilibria-server"
    _, _, service = (server / "deploy/.env.example").read_text().partition("# Settings of the service.")
    expected = dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", service, re.M))
    page = server / "docs/settings.md"
    actual = {}
    for number, line in prose_lines(page):
        row = re.match(r"\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)?", line)
        if row:
            actual[row[1]] = (number, row[2] or "")
    name = page.relative_to(root)
    for setting, default in expected.items():
        number, documented = actual.pop(setting, (1, None))
        if documented is None:
            yield f"{name}:1: {setting} is missing"
        elif documented != default:
            yield f"{name}:{number}: {setting} has the default {default!r}, not {documented!r}"
    yield from (f"{name}:{number}: there is no setting {setting}" for setting, (number, _) in actual.items())


def check_prose(root, output):
    """Compares the output of Vale with the lines that contain `expect RULE` in the files of .ci/prose."""
    actual = {tuple(line.split(":")[i] for i in (0, 1, 3)) for line in output.splitlines() if line}
    expected = set()
    for path in sorted((root / ".ci/prose").iterdir()):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for rule in re.findall(r"expect (\w+)", line):
                expected.add((str(path.relative_to(root)), str(number), f"Plain.{rule}"))
    yield from (f"{path}:{line}: {rule} is not reported" for path, line, rule in sorted(expected - actual))
    yield from (f"{path}:{line}: {rule} is reported" for path, line, rule in sorted(actual - expected))


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write(root / "a.md", "# A b: `c`\n\n[x](#a-b-c) [y](#nope) [z](b.md) [w](sub/README.md#one-1)\n\n"
              "```\n[q](no.md)\n```\n")
        write(root / "sub/README.md", "# One\n\n# One\n\n[a](../a.md) [`B`] [c] `[d]` - [e][f]\n\n"
              "[`B`]: https://b\n")
        write(root / "sub/Cargo.toml", '[package]\nreadme = "README.md"\n')
        expect(check_links(root), ["a.md:3: #nope", "a.md:3: b.md", "sub/README.md:5: ../a.md", "sub/README.md:5: a ref",
                                   "sub/README.md:5: a ref"])
        write(root / "a.md", f"{'a ' * 66}\n\n```\n{'a ' * 66}\n```\n\n| {'a ' * 66} |\n\n`a\n")
        expect(check_layout(root), ["a.md:1: has 132", "a.md:9: a code span"])
        write(root / "README.md", "[ru](README.ru.md)\n\n```sh\nrun # all\n```\n\n"
              "| a | b |\n| --- | --- |\n| c | d |\n| e | f |\n")
        write(root / "README.ru.md", "[en](README.md)\n\n```sh\nrun # все\n```\n\n"
              "| а | б |\n| --- | --- |\n| c | д |\n| e | е |\n")
        expect(check_translation(root), [])
        write(root / "README.ru.md", "```sh\nwalk # все\n```\n\n| а | б |\n| --- | --- |\n| c | д |\n")
        expect(check_translation(root), ["README.ru.md:1: has no link", "README.ru.md:1: code block",
                                         "README.ru.md:1: has 1 of first cell"])
        write(root / "anilibria-server/deploy/.env.example", "#X=1\n\n# Settings of the service.\n\n#A=1\n#B=\n#C=\n")
        write(root / "anilibria-server/docs/settings.md", "| `A` | `2` | |\n| `B` | | |\n| `D` | | |\n")
        page = "anilibria-server/docs/settings.md"
        expect(check_settings(root), [f"{page}:1: A has", f"{page}:1: C is missing", f"{page}:3: there is no setting D"])
        write(root / ".ci/prose/a.md", "Anew. (expect Words)\n\nAgain.\n")
        expect(check_prose(root, ".ci/prose/a.md:1:1:Plain.Words:…\n"), [])
        expect(check_prose(root, ".ci/prose/a.md:2:1:Plain.Words:…\n"), [".ci/prose/a.md:1: Plain.Words is not",
                                                                         ".ci/prose/a.md:2: Plain.Words is rep"])
    return []


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def expect(offences, beginnings):
    offences = list(offences)
    begins = [offence.startswith(beginning) for offence, beginning in zip(offences, beginnings)]
    assert len(offences) == len(beginnings) and all(begins), f"{offences} do not begin with {beginnings}"


CHECKS = {
    "links": lambda: check_links(ROOT),
    "layout": lambda: check_layout(ROOT),
    "translation": lambda: check_translation(ROOT),
    "settings": lambda: check_settings(ROOT),
    "prose": lambda: check_prose(ROOT, Path(sys.argv[2]).read_text("utf-8")),
    "self-test": self_test,
}


def main():
    offences = list(CHECKS[sys.argv[1]]())
    print(*offences, sep="\n", end="\n" if offences else "")
    sys.exit(bool(offences))


main()
