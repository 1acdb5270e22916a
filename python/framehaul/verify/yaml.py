"""The YAML of `data.yaml`: mappings and lists of scalars, as the writers of this format print it. Not a YAML reader."""

from __future__ import annotations

import re

Value = str | dict[str, str] | list[str]

_KEY = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#\[\]{},&*!|>%@`][^"]*?)(?=:(?:\s|$))""", re.DOTALL)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", "N": "\x85",
    "_": "\xa0", "L": "\u2028", "P": "\u2029", " ": " ", '"': '"', "/": "/", "\\": "\\",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)


def load(text: str) -> dict[str, Value]:
    """The mapping. A ValueError for anything that this reader does not understand."""
    found: dict[str, Value] = {}
    key = ""
    for indent, line in _logical(text):
        item = line.startswith("- ") or line == "-"
        if indent == 0 and not item:
            key, rest = _pair(line)
            if key in found:
                raise ValueError(f'"{key}" is there twice')
            found[key] = _flow(rest) if rest[:1] in ("[", "{") else _scalar(rest)
            continue
        if not key:
            raise ValueError("is not a mapping")
        inner = found[key]
        if item:
            if inner == "":
                inner = found[key] = []
            if not isinstance(inner, list):
                raise ValueError(f'"{key}" is a list and something else')
            inner.append(_scalar(line[1:].strip()))
        else:
            if inner == "":
                inner = found[key] = {}
            if not isinstance(inner, dict):
                raise ValueError(f'"{key}" is a mapping and something else')
            name, rest = _pair(line)
            inner[name] = _scalar(rest)
    return found


def _logical(text: str) -> list[tuple[int, str]]:
    """Lines with their indents; a scalar that goes on in the next line is joined to one."""
    lines: list[tuple[int, str]] = []
    for line in re.split(r"\r?\n", text):
        bare = line.strip(" ")
        if lines and _open(lines[-1][1]):
            before = lines[-1][1]
            if before.endswith("\\") and (len(before) - len(before.rstrip("\\"))) % 2:
                bare = bare.removeprefix("\\") if bare.startswith("\\ ") else bare
                lines[-1] = (lines[-1][0], before[:-1] + bare)
            else:
                lines[-1] = (lines[-1][0], f"{before} {bare}")
            continue
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        deeper = lines and indent > lines[-1][0] and not bare.startswith("- ") and not _KEY.match(bare)
        if deeper:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {bare}")
        else:
            lines.append((indent, bare))
    return lines


def _open(line: str) -> bool:
    """Whether a quote is not closed in this line."""
    matched = _KEY.match(line)
    start = matched.end() + 1 if matched else 0
    value = line[start:].strip(" ").removeprefix("- ").strip(" ")
    if value.startswith('"'):
        return not re.fullmatch(r'"(?:[^"\\]|\\.)*"\s*(?:#.*)?', value, re.DOTALL)
    if value.startswith("'"):
        return not re.fullmatch(r"'(?:[^']|'')*'\s*(?:#.*)?", value, re.DOTALL)
    return False


def _pair(line: str) -> tuple[str, str]:
    matched = _KEY.match(line)
    if not matched:
        raise ValueError(f'"{line[:40]}" is not a key and a value')
    return _scalar(matched.group()), line[matched.end() + 1 :].strip(" ")


def _flow(text: str) -> Value:
    inner = text[1:-1].strip()
    if text[-1:] != {"[": "]", "{": "}"}[text[0]] or any(char in inner for char in "[]{}\"'"):
        raise ValueError(f'"{text[:40]}" is not a list of plain values')
    parts = [part.strip() for part in inner.split(",")] if inner else []
    if text[0] == "[":
        return parts
    return dict(_pair(part) for part in parts)


def _scalar(text: str) -> str:
    if text.startswith('"'):
        end = re.match(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$', text, re.DOTALL)
        if not end:
            raise ValueError("a quote is not closed")
        return _ESCAPE.sub(_unescape, end.group(1))
    if text.startswith("'"):
        end = re.match(r"'((?:[^']|'')*)'\s*(?:#.*)?$", text, re.DOTALL)
        if not end:
            raise ValueError("a quote is not closed")
        return end.group(1).replace("''", "'")
    if text[:1] in tuple("&*!|>%@`"):
        raise ValueError(f'"{text[:40]}" is not a plain value')
    return re.split(r"\s#", text, maxsplit=1)[0].strip()


def _unescape(match: re.Match[str]) -> str:
    digits = match.group(1) or match.group(2) or match.group(3)
    if digits:
        number = int(digits, 16)
        if number > 0x10FFFF:
            raise ValueError("an escape is not a character")
        return chr(number)
    if match.group(4) not in _ESCAPES:
        raise ValueError(f"\\{match.group(4)} is not an escape")
    return _ESCAPES[match.group(4)]
