/*
 * complete.ts - what may stand at a place of a policy document, from its JSON Schema: names of keys, and the words of an
 * enumeration. A suggestion only: what is right, the daemon says.
 */
import schema from '../../spec/agentpolicy/v1.schema.json';

interface Node {
    $ref?: string;
    $defs?: Record<string, Node>;
    properties?: Record<string, Node>;
    additionalProperties?: Node | boolean;
    items?: Node;
    enum?: unknown[];
    const?: unknown;
    oneOf?: Node[];
    anyOf?: Node[];
    allOf?: Node[];
}

const root = schema as unknown as Node;

function resolved(n: Node): Node {
    for (let i = 0; n.$ref && i < 8; i++) n = root.$defs?.[n.$ref.split('/').pop()!] ?? {};
    return n;
}

/* A node and everything that it may be. */
function all(n: Node, depth = 0): Node[] {
    const r = resolved(n);
    if (depth > 6) return [r];
    return [r, ...[...(r.oneOf ?? []), ...(r.anyOf ?? []), ...(r.allOf ?? [])].flatMap((x) => all(x, depth + 1))];
}

function child(nodes: Node[], key: string): Node[] {
    return nodes.flatMap((n) => {
        const p = n.properties?.[key] ?? (typeof n.additionalProperties === 'object' ? n.additionalProperties : undefined);
        return p ? all(p) : [];
    });
}

/* Into the elements of lists, as deep as they go. */
function inside(nodes: Node[]): Node[] {
    const items = nodes.flatMap((n) => (n.items ? all(n.items) : []));
    return items.length ? [...nodes, ...inside(items)] : nodes;
}

const KEY = /^["']?([A-Za-z_][\w.-]*)["']?\s*:/;

/* The keys above the place, outermost first: by brackets that are open on the line, and by indentation above it. */
export function pathAt(before: string): string[] {
    const lines = before.split('\n'),
        last = lines.pop()!;
    const path: string[] = [],
        open: string[] = [];
    let word = '';
    for (const [token] of last.matchAll(/["']?[\w.-]+["']?\s*:|[{}[\],]/g)) {
        if (KEY.test(token)) word = KEY.exec(token)![1]!;
        else if (token === '{' || token === '[') open.push(word);
        else if (token === '}' || token === ']') open.pop();
        if (token !== '[' && !KEY.test(token)) word = '';
    }
    let indent = last.search(/[^\s-]/);
    if (indent < 0) indent = last.length;
    for (let i = lines.length - 1; i >= 0 && indent > 0; i--) {
        const line = lines[i]!,
            at = line.search(/[^\s-]/);
        if (at < 0 || at >= indent || line.trimStart().startsWith('#')) continue;
        const key = KEY.exec(line.slice(at));
        if (key) path.unshift(key[1]!);
        indent = at;
    }
    return [...path, ...open.filter((w) => w)];
}

function at(path: string[]): Node[] {
    return path.reduce<Node[]>((nodes, key) => inside(child(nodes, key)), inside(all(root)));
}

/* Words that fit behind `from`, where what is already written begins. */
export function offers(text: string, cursor: number): { from: number; words: string[] } {
    const before = text.slice(0, cursor),
        written = /[\w-]*$/.exec(before)![0],
        from = cursor - written.length,
        line = before.slice(before.lastIndexOf('\n') + 1, from);
    const value = /([A-Za-z_]\w*)["']?\s*:\s*\[?\s*(?:[\w.*"-]+\s*,\s*)*["']?$/.exec(line);
    const nodes = at(pathAt(text.slice(0, value ? before.lastIndexOf('\n') + 1 + value.index : from)));
    const found = value
        ? inside(child(nodes, value[1]!)).flatMap((n) => [...(n.enum ?? []), ...('const' in n ? [n.const] : [])])
        : nodes.flatMap((n) => Object.keys(n.properties ?? {}).map((k) => k + ': '));
    const words = [...new Set(found.filter((w): w is string => typeof w === 'string'))];
    return { from, words: words.filter((w) => w.startsWith(written) && w !== written).sort().slice(0, 12) };
}
