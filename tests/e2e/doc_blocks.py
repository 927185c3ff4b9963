"""Reads our Markdown: the blocks of a document, what each of them is, and the commands in it with what they show.

What a block is, its first lines or its fence say; a comment before it can say more, for the test alone:

    <!-- test: file NAME -->        this block is the file NAME
    <!-- test: part -->             a piece of a file, not whole enough to be read by itself
    <!-- test: daemon -->           its one command goes on running: it is awaited, and stopped before the next daemon
    <!-- test: exit N -->           its last command ends with N
    <!-- test: input TEXT -->       what is typed into its commands
    <!-- test: elsewhere WHY -->    its commands are shown to work by something else
    <!-- test: do COMMAND -->       no block: a command that the reader is not shown
    <!-- test: running COMMAND -->  no block: the daemon that the reader is expected to have by now
"""
import re
from dataclasses import dataclass, field

DIRECTIVE = re.compile(r"<!-- test: (\w+) ?(.*?) *-->")
COMMAND = re.compile(r"(flyball|build/flyball|export|curl|script/|python|node|openssl|sudo|systemctl|kill|cat) ?")


@dataclass
class Command:
    text: str
    shown: list = field(default_factory=list)  # the lines that the document shows below it


@dataclass
class Block:
    line: int
    language: str  # of its fence; empty: indented
    text: str
    says: dict  # directive: its rest

    @property
    def kind(self):
        """file, part, text, commands, yaml, python, json or other."""
        for word in ("file", "part"):
            if word in self.says:
                return word
        lines = self.text.splitlines()
        if self.language in ("sh", "bash", "console") or any(line.startswith("$ ") for line in lines):
            return "commands"
        if self.language:
            return self.language if self.language in ("yaml", "python", "json") else "other"
        if re.match(r"(#.*\n)*[a-z_]+:( |$)", self.text, re.M):
            return "yaml"
        return "python" if re.match(r"(import|from) \w", self.text) else "text"

    def commands(self):
        found, rest = [], self.text.splitlines()
        while rest:
            line = rest.pop(0)
            if line.startswith("$ ") or (self.language in ("sh", "bash") and line.strip() and line[0] != "#"):
                command = Command(line.removeprefix("$ "))
                take_more(command, rest)
                found.append(command)
            elif found:
                found[-1].shown.append(line)
        return found


def take_more(command, rest):
    """The lines that belong to a command: behind a backslash, and of a here-document."""
    while command.text.endswith("\\"):
        command.text += "\n" + rest.pop(0)
    here = re.search(r"<<'?(\w+)'?", command.text)
    while here and not command.text.endswith("\n" + here[1]):
        command.text += "\n" + rest.pop(0)


@dataclass
class Hidden:
    """A `do` or `running` directive."""
    line: int
    text: str
    is_daemon: bool


def items_of(text):
    """Blocks and hidden commands, in order."""
    lines, found, says, i = text.splitlines(), [], {}, 0
    while i < len(lines):
        line = lines[i]
        directive = DIRECTIVE.fullmatch(line.strip())
        if directive and directive[1] in ("do", "running"):
            found.append(Hidden(i + 1, directive[2], directive[1] == "running"))
            i += 1
        elif directive:
            says[directive[1]] = directive[2]
            i += 1
        elif line.startswith("```"):
            end = lines.index("```", i + 1)
            found.append(Block(i + 1, line[3:].strip(), "\n".join(lines[i + 1:end]) + "\n", says))
            says, i = {}, end + 1
        elif line.startswith("    ") and (i == 0 or not lines[i - 1].strip() or DIRECTIVE.fullmatch(lines[i - 1])):
            end = i
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            body = "\n".join(l[4:] for l in lines[i:end]).rstrip() + "\n"
            found.append(Block(i + 1, "", body, says))
            says, i = {}, end
        else:
            if line.strip():
                assert not says, f"line {i + 1}: {says} stands before no block"
            i += 1
    return found


def stray_commands(block):
    """Lines of a block of no kind that look like commands: they begin with `$ `, so that they are executed."""
    return [line for line in block.text.splitlines() if block.kind == "text" and COMMAND.match(line)]
