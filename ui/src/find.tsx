/* find.tsx - the search box: any id, whatever it names, and straight to it. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { get } from './api';
import { go, href } from './route';
import { Text } from './parts';
import { when } from './format';
import type { Found, Key } from './types';

const WORDS: Record<string, string> = { object: 'vendor object', vendor_request: 'vendor request', param: 'parameter' };
const HITS_MAX = 20,
    KEYS_MAX = 10;
const LISTS = ['agent', 'tenant'];

/* Where a hit leads: what has a page or a list of its own there, else to the call that knows it. */
export function hrefOf(h: Found): string {
    if (h.kind === 'run') return href('runs', h.id, { agent: h.agent, tenant: h.tenant });
    if (h.kind === 'key') return href('keys', h.id);
    if (h.kind === 'customer') return href('customers', h.id);
    if (LISTS.includes(h.kind)) return href('calls', '', { [h.kind]: h.id });
    return href('calls', '', { call: h.call_id });
}

/* Keys that no call has used yet are in no record of calls. */
async function findKeys(q: string, signal: AbortSignal): Promise<Found[]> {
    const { keys } = await get<{ keys: Key[] }>('/keys', {}, signal);
    return keys
        .filter((k) => k.id.startsWith(q) || k.agent === q)
        .slice(0, KEYS_MAX)
        .map((k) => ({
            kind: 'key',
            id: k.id,
            call_id: null,
            run_id: null,
            agent: k.agent,
            tenant: k.tenant,
            at: null,
        }));
}

/* A customer has one account, however many calls name it; that is what is looked for first. */
function accountFirst(found: Found[]): Found[] {
    const account = found.find((h) => h.kind === 'customer');
    return account ? [account, ...found.filter((h) => h.kind !== 'customer')] : found;
}

async function find(q: string, signal: AbortSignal): Promise<Found[]> {
    const { found } = await get<{ found: Found[] }>('/find', { q, limit: HITS_MAX }, signal);
    return found.length ? accountFirst(found) : findKeys(q, signal);
}

export function Find({ takeFocus }: { takeFocus: (fn: () => void) => void }) {
    const box = useRef<HTMLInputElement>(null),
        list = useId();
    const [q, setQ] = useState(''),
        [found, setFound] = useState<Found[] | null>(null),
        [note, setNote] = useState('');
    const [at, setAt] = useState(0),
        [isOpen, setOpen] = useState(false);
    takeFocus(() => {
        box.current?.focus();
        box.current?.select();
    });

    useEffect(() => {
        const text = q.trim();
        if (text.length < 3) {
            setFound(null);
            setNote('');
            return;
        }
        const stop = new AbortController();
        const t = setTimeout(
            () =>
                find(text, stop.signal).then(
                    (hits) => {
                        setFound(hits);
                        setAt(0);
                        setNote(hits.length ? '' : 'Nothing has this id.');
                    },
                    (e) => {
                        if (e.name !== 'AbortError') setNote(e.message);
                    },
                ),
            150,
        );
        return () => {
            clearTimeout(t);
            stop.abort();
        };
    }, [q]);

    const leave = (h: Found | undefined) => {
        if (!h) return;
        go(hrefOf(h));
        setOpen(false);
        setQ('');
        box.current?.blur();
    };
    const onKey = (e: KeyboardEvent) => {
        if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            setAt(Math.max(0, Math.min((found?.length ?? 1) - 1, at + (e.key === 'ArrowDown' ? 1 : -1))));
            e.preventDefault();
        } else if (e.key === 'Enter') {
            e.preventDefault();
            leave(found?.[at]);
        } else if (e.key === 'Escape') {
            setOpen(false);
            box.current?.blur();
        }
    };
    const shows = isOpen && (found?.length || note);
    return (
        <div class="find" role="search">
            <input
                ref={box}
                type="search"
                role="combobox"
                list={undefined}
                aria-label="Search any id"
                placeholder="Search any id"
                value={q}
                autocomplete="off"
                spellcheck={false}
                maxLength={256}
                aria-expanded={!!shows}
                aria-controls={list}
                aria-autocomplete="list"
                aria-activedescendant={shows && found?.length ? `${list}-${at}` : undefined}
                onInput={(e) => {
                    setQ(e.currentTarget.value);
                    setOpen(true);
                }}
                onFocus={() => setOpen(true)}
                onBlur={() => setOpen(false)}
                onKeyDown={onKey}
            />
            <kbd aria-hidden="true">/</kbd>
            <div id={list} role="listbox" aria-label="Found" class={shows ? 'found' : 'hidden'}>
                {found?.map((h, i) => (
                    <div
                        key={i}
                        id={`${list}-${i}`}
                        role="option"
                        aria-selected={i === at}
                        class={i === at ? 'found-at' : ''}
                        onMouseDown={(e) => {
                            e.preventDefault();
                            leave(h);
                        }}>
                        <span class="faint">{WORDS[h.kind] ?? h.kind.replaceAll('_', ' ')}</span>{' '}
                        <code>
                            <Text of={h.id} />
                        </code>{' '}
                        <span class="faint">
                            <Text of={h.agent ?? ''} /> {h.at ? when(h.at) : ''}
                        </span>
                    </div>
                ))}
                {note && (
                    <div class="found-note" role="option" aria-selected={false} aria-disabled="true">
                        <Text of={note} />
                    </div>
                )}
            </div>
        </div>
    );
}
