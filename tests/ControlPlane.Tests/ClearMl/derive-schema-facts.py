#!/usr/bin/env python3
"""Derives clearml-schema.txt, the facts that the tests compare our calls with, from a checkout of the public repository allegroai/clearml-server.

    derive-schema-facts.py CHECKOUT > clearml-schema.txt

CHECKOUT is the folder that holds apiserver/. For each call it writes the version that brought it, then its fields: '>' in the request, '<' in the answer,
'*' where a value is required, the type, and the version that brought the field if that is not the call's first. No text of the schema is copied.
"""
import pathlib
import re
import sys

CALLS = """
auth.login server.info
queues.get_all queues.get_all_ex queues.get_by_id queues.get_num_entries queues.create queues.get_next_task queues.peek_task queues.add_task
queues.remove_task queues.move_task_to_front
workers.register workers.unregister workers.status_report workers.get_all
tasks.create tasks.get_by_id tasks.get_all tasks.update tasks.enqueue tasks.dequeue tasks.started tasks.ping tasks.completed tasks.failed tasks.stopped
tasks.stop tasks.reset
events.add_batch
""".split()

TOKEN = re.compile(r'''\s*(?:(?://|\#)[^\n]*\n\s*)*(?:(?P<triple>"""(?:.|\n)*?""")|(?P<string>"(?:\\.|[^"\\\n])*")|\$\{(?P<ref>[^}]+)\}|(?P<mark>[{}\[\]:=,])|(?P<bare>[^\s{}\[\]:=,$"]+))''')


class Ref:
    def __init__(self, path):
        self.path = path


class Both:
    """Values that stand beside each other: objects are merged, texts joined."""

    def __init__(self, parts):
        self.parts = parts


class Hocon:
    """As much of HOCON as the schema is written in."""

    def __init__(self, folder):
        self.folder = folder

    def load(self, name):
        self.text = (self.folder / name).read_text() + "\n"
        self.at = 0
        return self.members(None)

    def peek(self):
        match = TOKEN.match(self.text, self.at)
        return match if match and match.group().strip() else None

    def take(self):
        match = self.peek()
        self.at = match.end()
        return match

    def members(self, end):
        result = {}
        while True:
            token = self.peek()
            if token is None:
                return result
            self.take()
            if token["mark"] and token["mark"] == end:
                return result
            if token["mark"] == ",":
                continue
            if token["bare"] == "include":
                name = self.take()["string"].strip('"')
                saved = self.text, self.at
                self.merge(result, Hocon(self.folder).load(name))
                self.text, self.at = saved
                continue
            path = [token["string"].strip('"')] if token["string"] else token["bare"].split(".")
            if token["string"] or token["bare"]:
                # A quoted part may stand among bare ones: create."2.1".
                while self.text[self.at:self.at + 1] == "." or (token["bare"] and token["bare"].endswith(".") and self.text[self.at:self.at + 1] == '"'):
                    more = self.take()
                    path += [p for p in ([more["string"].strip('"')] if more["string"] else more["bare"].split(".")) if p]
                path = [p for p in path if p]
            if self.peek() and self.peek()["mark"] in (":", "="):
                self.take()
            self.put(result, path, self.value())

    def put(self, result, path, value):
        for part in path[:-1]:
            known = result.get(part)
            if not isinstance(known, dict):
                fresh = {}
                result[part] = fresh if known is None else Both([known, fresh])
                known = fresh
            result = known
        last = path[-1]
        if last in result and isinstance(result[last], dict) and isinstance(value, dict):
            self.merge(result[last], value)
        elif last in result and isinstance(value, (dict, Both)):
            result[last] = Both([result[last], value])
        else:
            result[last] = value

    @staticmethod
    def merge(into, other):
        for key, value in other.items():
            if key in into and isinstance(into[key], dict) and isinstance(value, dict):
                Hocon.merge(into[key], value)
            else:
                into[key] = value

    def value(self):
        parts = []
        while True:
            token = self.peek()
            # A value goes on as long as it stays on its line.
            if token is None or (parts and "\n" in self.text[self.at:token.end()].replace(token.group().strip(), "", 1)):
                break
            if token["mark"] == "{":
                self.take()
                parts.append(self.members("}"))
            elif token["mark"] == "[":
                self.take()
                parts.append(self.items())
            elif token["mark"]:
                if token["mark"] in ":=" and parts:
                    self.take()
                    continue
                break
            else:
                self.take()
                parts.append(Ref(token["ref"]) if token["ref"] else token["triple"] or (token["string"] or token["bare"]).strip('"'))
        if any(isinstance(p, str) for p in parts):
            return " ".join(p for p in parts if isinstance(p, str))
        return parts[0] if len(parts) == 1 else Both(parts)

    def items(self):
        result = []
        while self.peek()["mark"] != "]":
            if self.peek()["mark"] == ",":
                self.take()
            else:
                result.append(self.value())
        self.take()
        return result


def split(path):
    return [a or b for a, b in re.findall(r'"([^"]*)"|([^."]+)', path.strip())]


def resolve(value, root):
    """The value with its references carried out."""
    if isinstance(value, Ref):
        found = root
        for part in split(value.path):
            found = resolve(found, root)[part]
        return resolve(found, root)
    if isinstance(value, Both):
        whole = {}
        for part in value.parts:
            deep(whole, resolve(part, root))
        return whole
    if isinstance(value, dict):
        return {k: v for k, v in value.items()}
    return value


def deep(into, other):
    for key, value in other.items():
        if key in into and isinstance(into[key], (dict, Both, Ref)) and isinstance(value, (dict, Both, Ref)):
            into[key] = Both([into[key], value])
        else:
            into[key] = value


def number(version):
    return tuple(int(p) for p in version.split("."))


def type_of(schema, root, wanted):
    schema = resolve(schema, root)
    if not isinstance(schema, dict):
        return "any"
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        if resolve(resolve(root["_definitions"], root)[name], root).get("type") != "object":
            return type_of(resolve(root["_definitions"], root)[name], root, wanted)
        wanted.add(name)
        return "#" + name
    kind = schema.get("type", "object" if "properties" in schema else "any")
    if isinstance(kind, list):
        kind = "|".join(kind)
    if kind == "array":
        return (type_of(schema["items"], root, wanted) if "items" in schema else "any") + "[]"
    return "integer" if kind == "long" else kind


def fields(schema, root, wanted):
    schema = resolve(schema, root)
    required = set(resolve(schema.get("required", []), root))
    properties = resolve(schema.get("properties", {}), root)
    return {name: ("*" if name in required else "", type_of(value, root, wanted)) for name, value in properties.items()}


def main():
    folder = pathlib.Path(sys.argv[1]) / "apiserver" / "schema" / "services"
    definitions = {}
    for service in sorted({c.split(".")[0] for c in CALLS}, key=[c.split(".")[0] for c in CALLS].index):
        root = Hocon(folder).load(f"{service}.conf")
        wanted = set()
        for call in (c for c in CALLS if c.startswith(service + ".")):
            versions = {v: s for v, s in resolve(root[call.split(".")[1]], root).items() if re.fullmatch(r"\d+\.\d+", v)}
            order = sorted(versions, key=number)
            print(f"{call} {order[0]}")
            for side, part in ((">", "request"), ("<", "response")):
                seen = {}
                for version in order:
                    schema = resolve(versions[version], root)
                    for name, (star, kind) in fields(schema.get(part, {}), root, wanted).items():
                        if name not in seen:
                            seen[name] = version
                            since = "" if version == order[0] else f" {version}"
                            print(f"  {side}{star} {name} {kind.replace('#', '#' + service + '.')}{since}")
        done = set()
        while wanted - done:
            name = min(wanted - done)
            done.add(name)
            known = fields(resolve(root["_definitions"], root)[name], root, wanted)
            lines = [f"#{service}.{name}"] + [f"  {n} {kind.replace('#', '#' + service + '.')}" for n, (_, kind) in known.items()]
            definitions[f"{service}.{name}"] = lines
    for lines in definitions.values():
        print("\n".join(lines))


if __name__ == "__main__":
    main()
