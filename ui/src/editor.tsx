/*
 * editor.tsx - a document as text: line numbers, what the daemon found wrong at its place, and completion from the
 * schema. A textarea, so that everything that the browser knows about text works.
 *
 * Ctrl+Space offers what may stand at the cursor; arrows choose, Enter takes, Escape closes. Tab leaves the field.
 */
import { useRef, useState } from 'preact/hooks';
import { offers } from './complete';
import { Text } from './parts';
import type { Diag } from './types';

const ROWS_MIN = 18,
    ROWS_MAX = 40;

/* Where a line and column are in the text. */
function offsetOf(text: string, line: number, col: number): number {
    let at = 0;
    for (let n = 1; n < line; n++) {
        const end = text.indexOf('\n', at);
        if (end < 0) return text.length;
        at = end + 1;
    }
    return Math.min(text.length, at + Math.max(0, col - 1));
}

function Diags({ of, go }: { of: Diag[]; go: (d: Diag) => void }) {
    if (!of.length) return <p class="faint">Nothing is wrong with it.</p>;
    return (
        <ul class="diags">
            {of.map((d, i) => (
                <li key={i} class={d.is_warning ? 'warn' : 'bad'}>
                    <button type="button" class="quiet" onClick={() => go(d)}>
                        {d.line ? `${d.line}:${d.col}` : 'document'}
                    </button>{' '}
                    <span>{d.is_warning ? 'warning' : 'error'}</span> <code>{d.code}</code>: <Text of={d.message} />
                </li>
            ))}
        </ul>
    );
}

interface Props {
    text: string;
    diags: Diag[];
    onText: (text: string) => void;
}

export function Editor({ text, diags, onText }: Props) {
    const box = useRef<HTMLTextAreaElement>(null),
        gutter = useRef<HTMLPreElement>(null),
        [found, setFound] = useState<{ from: number; words: string[] } | null>(null),
        [at, setAt] = useState(0);
    const n = text.split('\n').length,
        marked = new Map(diags.filter((d) => d.line).map((d) => [d.line, d.is_warning]));

    const offer = () => {
        const o = offers(text, box.current!.selectionStart);
        setFound(o.words.length ? o : null);
        setAt(0);
    };
    const take = (word: string) => {
        const el = box.current!,
            end = el.selectionStart,
            next = text.slice(0, found!.from) + word + text.slice(end);
        onText(next);
        setFound(null);
        requestAnimationFrame(() => {
            el.focus();
            el.setSelectionRange(found!.from + word.length, found!.from + word.length);
        });
    };
    const onKey = (e: KeyboardEvent) => {
        if (e.key === ' ' && e.ctrlKey) {
            e.preventDefault();
            offer();
        } else if (!found) {
            return;
        } else if (e.key === 'Escape') {
            e.preventDefault();
            e.stopPropagation();
            setFound(null);
        } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            setAt((at + (e.key === 'ArrowDown' ? 1 : found.words.length - 1)) % found.words.length);
        } else if (e.key === 'Enter') {
            e.preventDefault();
            take(found.words[at]!);
        }
    };
    const go = (d: Diag) => {
        const el = box.current!,
            to = offsetOf(text, d.line, d.col);
        el.focus();
        el.setSelectionRange(to, to);
    };
    return (
        <>
            <div class="editor">
                <pre class="gutter" ref={gutter} aria-hidden="true">
                    {Array.from({ length: n }, (_, i) => (
                        <span
                            key={i}
                            class={marked.has(i + 1) ? (marked.get(i + 1) ? 'line-warn' : 'line-bad') : undefined}>
                            {i + 1}
                            {'\n'}
                        </span>
                    ))}
                </pre>
                <textarea
                    ref={box}
                    aria-label="The document, YAML or JSON"
                    aria-describedby="editor-help"
                    spellcheck={false}
                    autocomplete="off"
                    wrap="off"
                    rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, n + 1))}
                    value={text}
                    onInput={(e) => {
                        setFound(null);
                        onText(e.currentTarget.value);
                    }}
                    onKeyDown={onKey}
                    onScroll={(e) => {
                        gutter.current!.scrollTop = e.currentTarget.scrollTop;
                    }}
                />
            </div>
            {found && (
                <ul class="offers" role="listbox" aria-label="What may stand here">
                    {found.words.map((w, i) => (
                        <li
                            key={w}
                            role="option"
                            aria-selected={i === at}
                            onMouseDown={(e) => {
                                e.preventDefault();
                                take(w);
                            }}>
                            {w}
                        </li>
                    ))}
                </ul>
            )}
            <p class="hint" id="editor-help">
                Ctrl+Space: what may stand here
            </p>
            <Diags of={diags} go={go} />
        </>
    );
}
