"""OpenFGA's modelling language as the JSON that its API takes: as much of it as the cases and our guide use."""
import re

WORDS = re.compile(r"[A-Za-z0-9_.-]+|[^\sA-Za-z0-9_.-]")
TYPES = {"bool": "TYPE_NAME_BOOL", "int": "TYPE_NAME_INT", "uint": "TYPE_NAME_UINT", "double": "TYPE_NAME_DOUBLE",
         "string": "TYPE_NAME_STRING", "timestamp": "TYPE_NAME_TIMESTAMP", "duration": "TYPE_NAME_DURATION"}


class Reader:
    def __init__(self, text):
        self.conditions = {}
        text = re.sub(r"(^|\s)#[^\n]*", r"\1", text)
        text = re.sub(r"condition\s+(\w+)\s*\(([^)]*)\)\s*\{(.*?)\}", self._condition, text, flags=re.S)
        self.words, self.at = WORDS.findall(text), 0

    def _condition(self, m):
        parameters = {}
        for p in filter(None, (p.strip() for p in m[2].split(","))):
            name, kind = (x.strip() for x in p.split(":"))
            parameters[name] = {"type_name": TYPES[kind]}
        self.conditions[m[1]] = {"name": m[1], "expression": m[3].strip(), "parameters": parameters}
        return ""

    def peek(self):
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self, word=None):
        got = self.peek()
        if word and got != word:
            return None
        self.at += 1
        return got

    def model(self):
        assert (self.take(), self.take(), self.take()) == ("model", "schema", "1.1")
        types = []
        while self.take("type"):
            types.append(self.type())
        assert self.peek() is None, self.words[self.at:]
        return {"schema_version": "1.1", "type_definitions": types, "conditions": self.conditions}

    def type(self):
        it, relations, metadata = {"type": self.take()}, {}, {}
        if self.take("relations"):
            while self.take("define"):
                name, self.direct = self.take(), []
                assert self.take(":")
                relations[name] = self.expression()
                metadata[name] = {"directly_related_user_types": self.direct}
        if relations:
            it |= {"relations": relations, "metadata": {"relations": metadata}}
        return it

    def expression(self):
        first = self.term()
        for word, kind in (("or", "union"), ("and", "intersection")):
            if self.peek() == word:
                children = [first]
                while self.take(word):
                    children.append(self.term())
                first = {kind: {"child": children}}
        if self.take("but"):
            assert self.take("not")
            first = {"difference": {"base": first, "subtract": self.term()}}
        return first

    def term(self):
        if self.take("("):
            inner = self.expression()
            assert self.take(")")
            return inner
        if self.take("["):
            while True:
                self.direct.append(self.restriction())
                if not self.take(","):
                    break
            assert self.take("]")
            return {"this": {}}
        relation = self.take()
        if self.take("from"):
            tupleset = {"relation": self.take()}
            return {"tupleToUserset": {"tupleset": tupleset, "computedUserset": {"relation": relation}}}
        return {"computedUserset": {"relation": relation}}

    def restriction(self):
        it = {"type": self.take()}
        if self.take(":"):
            assert self.take("*")
            it["wildcard"] = {}
        elif self.take("#"):
            it["relation"] = self.take()
        if self.take("with"):
            it["condition"] = self.take()
        return it


def model_json(text):
    return Reader(text).model()
