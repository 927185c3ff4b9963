#!/usr/bin/env python3
"""Turns files into a C table of (name, text): embed.py OUT.c HEADER TABLE NAME=PATH...

HEADER declares `struct embedded {struct str name, text;}`, TABLE (ends with an entry whose name is empty) and
TABLE_names. The output depends on names and bytes only, so builds repeat.
"""
import sys


def c_text(data: bytes) -> str:
    """The bytes as C string literals, one a line of input; octal escapes cannot run into the next digit."""
    lines = []
    for line in data.splitlines(keepends=True):
        out = ''.join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f'\\{b:03o}' for b in line)
        lines.append(f'    "{out}"')
    return '\n'.join(lines) or '    ""'


def write(out_path, header: str, table: str, items: list) -> None:
    parts = ['/* Made by tools/embed.py; do not edit. */\n', f'#include "{header}"\n']
    rows, names = [], []
    for i, item in enumerate(sorted(items)):
        name, path = item.split('=', 1)
        with open(path, 'rb') as f:
            data = f.read()
        parts.append(f'static const char text_{i}[] =\n{c_text(data)};\n')
        names.append(f'    STR_INIT("{name}"),')
        rows.append(f'    {{STR_INIT("{name}"), {{text_{i}, sizeof(text_{i}) - 1}}}},')
    parts.append(f'const struct embedded {table}[] = {{\n' + '\n'.join(rows) + '\n    {{NULL, 0}, {NULL, 0}},\n};\n')
    parts.append(f'const struct str {table}_names[] = {{\n' + '\n'.join(names) + '\n    {NULL, 0},\n};\n')
    with open(out_path, 'w', encoding='ascii') as f:
        f.write('\n'.join(parts))


if __name__ == '__main__':
    write(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
