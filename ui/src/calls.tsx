/*
 * calls.tsx - every call, newest first. The daemon searches, filters and pages; the address holds what was asked, so a
 * reload shows the same. New calls come in at the top, unless the list is paused or somebody reads further down.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, type ApiError } from './api';
import { say } from './announce';
import { Drawer } from './drawer';
import * as f from './format';
import { useShortcuts } from './keys_help';
import { useLive } from './live';
import { Empty, Failed, Id, Layer, Loading, Money, OutcomeChip, Text, tone, VerdictChip, When } from './parts';
import { Export } from './export';
import { Filters } from './filters';
import { route, set } from './route';
import { Rows, type Column } from './rows';
import type { Call } from './types';

const PAGE = 200,
    ROWS_MAX = 20000,
    REFRESHED_MAX = 40;
const FILTERS = [
    'q',
    'verdict',
    'outcome',
    'layer',
    'vendor',
    'operation',
    'class',
    'model',
    'agent',
    'owner',
    'user',
    'tenant',
    'customer',
    'key',
    'run',
    'code',
    'status',
    'min_usd',
    'since',
    'until',
];

const FORMATS: [string, string][] = [
    ['csv', 'CSV: one call a line, for spreadsheets'],
    ['ndjson', 'NDJSON: the whole record of a call a line'],
];

const columns: Column<Call>[] = [
    { name: 'Time', class: 'c-time', cell: (c) => <When at={c.started_at} /> },
    { name: 'Verdict', class: 'c-verdict', cell: (c) => <VerdictChip of={c.verdict} /> },
    { name: 'Layer', class: 'c-layer', cell: (c) => <Layer of={c.layer} /> },
    { name: 'Operation', class: 'c-what', cell: (c) => <Text of={f.what(c)} /> },
    { name: 'Agent', class: 'c-agent', cell: (c) => <Text of={c.agent} /> },
    {
        name: 'For',
        class: 'c-for',
        cell: (c) =>
            c.customer ? (
                <Id screen="customers" id={c.customer} what="customer" short still />
            ) : (
                <Text of={c.user ?? c.tenant} />
            ),
    },
    {
        name: 'Run',
        class: 'c-run',
        cell: (c) =>
            c.run_id ? (
                <Id
                    screen="runs"
                    id={c.run_id}
                    params={{ agent: c.agent, tenant: c.tenant }}
                    what="run id"
                    short
                    still
                />
            ) : null,
    },
    {
        name: 'Cost',
        class: 'c-cost',
        cell: (c) => <Money of={c.settled ?? (c.verdict === 'permit' ? c.held : null)} />,
    },
    {
        name: 'Outcome',
        class: 'c-outcome',
        cell: (c) => <OutcomeChip of={c.outcome} isOpen={!c.ended_at && c.verdict === 'permit'} />,
    },
    { name: 'Status', class: 'c-status', cell: (c) => c.status ?? '' },
    { name: 'Took', class: 'c-took', cell: (c) => f.took(c) },
    { name: 'Rule', class: 'c-rule', cell: (c) => <Text of={c.rule ?? c.code} /> },
];

function asked(): Record<string, string> {
    const q: Record<string, string> = {};
    for (const name of FILTERS) {
        const value = route.value.query.get(name);
        if (value) q[name] = value;
    }
    return q;
}

interface Page {
    calls: Call[];
    next: number | null;
}

interface Listed {
    key: string;
    calls: Call[];
    fresh: Call[];
    error: Error | null;
    isLoading: boolean;
    next: number | null;
}

/* The calls that the filters match, a page at a time, and what came since. */
function useCalls(filters: Record<string, string>, isHeld: () => boolean) {
    const key = JSON.stringify(filters);
    const blank: Listed = { key, calls: [], fresh: [], error: null, isLoading: true, next: null };
    const [state, setState] = useState<Listed>(blank);
    const s = state.key === key ? state : blank,
        ref = useRef(s),
        busy = useRef(false);
    ref.current = s;
    const put = (more: Partial<Listed>) => setState((old) => (old.key === key ? { ...old, ...more } : old));

    const first = () => {
        const stop = new AbortController();
        setState(blank);
        get<Page>('/calls', { ...filters, limit: PAGE }, stop.signal).then(
            ({ calls, next }) => put({ calls, isLoading: false, next }),
            (error) => {
                if (error.name !== 'AbortError') put({ error, isLoading: false });
            },
        );
        return () => stop.abort();
    };
    useEffect(first, [key]);

    /* The daemon stops short in a long history, and says where it goes on: a page may be empty, and not the last. */
    const older = async () => {
        const { calls, next, isLoading } = ref.current;
        if (!next || isLoading || busy.current || calls.length >= ROWS_MAX) return;
        busy.current = true;
        try {
            const more = await get<Page>('/calls', { ...filters, limit: PAGE, before: next });
            put({ calls: [...ref.current.calls, ...more.calls], next: more.next });
        } catch (error) {
            put({ error: error as Error });
        }
        busy.current = false;
    };

    /* Those that are newer, and those in the list that were still open. */
    const newer = async () => {
        const { calls, fresh, isLoading } = ref.current;
        if (isLoading || busy.current) return;
        busy.current = true;
        try {
            const after = (fresh[0] ?? calls[0])?.seq ?? 0;
            const open = calls.filter((c) => !c.ended_at && c.verdict === 'permit').slice(0, REFRESHED_MAX);
            const [came, ...again] = await Promise.all([
                get<{ calls: Call[] }>('/calls', { ...filters, limit: PAGE, after: after || undefined }),
                ...open.map((c) => get<Call>('/calls/' + c.call_id).catch(() => c)),
            ]);
            const closed = new Map(again.map((c) => [c.call_id, c]));
            const now = ref.current,
                known = new Set([...now.fresh, ...now.calls.slice(0, PAGE)].map((c) => c.call_id));
            const all = [...came.calls.filter((c) => !known.has(c.call_id)), ...now.fresh];
            const old = closed.size ? now.calls.map((c) => closed.get(c.call_id) ?? c) : now.calls;
            put(isHeld() ? { fresh: all, calls: old } : { fresh: [], calls: [...all, ...old] });
        } catch {
            /* the next message asks again */
        }
        busy.current = false;
    };
    const release = () => put({ calls: [...ref.current.fresh, ...ref.current.calls], fresh: [] });
    return { ...s, older, newer, release, again: first };
}

/* A piece of what the list shows; asked of the daemon once nobody types any more. */
function Search() {
    const q = route.value.query.get('q') ?? '',
        [text, setText] = useState(q);
    useEffect(() => setText(q), [q]);
    useEffect(() => {
        if (text.trim() === q) return;
        const t = setTimeout(() => set({ q: text.trim(), call: null }, true), 300);
        return () => clearTimeout(t);
    }, [text]);
    return (
        <input
            type="search"
            class="search"
            aria-label="Search calls"
            placeholder="Search: id, name, path, error"
            value={text}
            autocomplete="off"
            spellcheck={false}
            maxLength={255}
            onInput={(e) => setText(e.currentTarget.value)}
        />
    );
}

export function Calls() {
    const filters = asked(),
        selected = route.value.query.get('call') ?? '';
    const [isPaused, setPaused] = useState(false),
        box = useRef<HTMLDivElement>(null);
    const grid = () => box.current?.querySelector<HTMLElement>('.rows');
    const list = useCalls(filters, () => isPaused || (grid()?.scrollTop ?? 0) > 60);
    useLive(['call'], () => void list.newer());

    const resume = () => {
        setPaused(false);
        list.release();
        grid()?.scrollTo({ top: 0 });
    };
    const toggle = () => (isPaused ? resume() : setPaused(true));
    useShortcuts({ p: toggle });
    useEffect(() => {
        if (!list.isLoading && !list.error && list.calls.length === 0 && list.next) void list.older();
    }, [list.isLoading, list.next, list.calls.length]);
    useEffect(() => {
        if (list.fresh.length) say(`${list.fresh.length} new calls`);
    }, [list.fresh.length]);

    const n = Object.keys(filters).length;
    const at = list.calls.findIndex((c) => c.call_id === selected);
    const step = (by: number) => {
        const next = list.calls[at + by];
        if (next) set({ call: next.call_id }, true);
    };
    return (
        <div class="split" ref={box}>
            <div class="split-list">
                <div class="head">
                    <h1>Calls</h1>
                    <Search />
                    <Filters names={FILTERS.filter((k) => k !== 'q')} />
                    <Export title="Export calls" path="/calls" params={filters} name="calls" formats={FORMATS}>
                        {n
                            ? `Every call that your ${n === 1 ? 'filter matches' : `${n} filters match`}`
                            : 'Every call'}
                        , however many the list shows.
                    </Export>
                    <button type="button" aria-pressed={isPaused} onClick={toggle}>
                        {isPaused ? '▶ Go on' : '❚❚ Pause'}
                    </button>
                </div>
                {list.fresh.length > 0 && (
                    <button type="button" class="fresh" onClick={resume}>
                        {list.fresh.length} new {list.fresh.length === 1 ? 'call' : 'calls'}: show
                    </button>
                )}
                {list.error ? <Failed error={list.error as ApiError} again={() => void list.again()} /> : null}
                {list.isLoading && <Loading what="calls" />}
                {!list.isLoading && !list.error && list.calls.length === 0 && list.next && (
                    <Empty>
                        Nothing yet; still looking further back …{' '}
                        <button type="button" onClick={() => set(Object.fromEntries(FILTERS.map((k) => [k, null])))}>
                            Stop
                        </button>
                    </Empty>
                )}
                {!list.isLoading && !list.error && list.calls.length === 0 && !list.next && (
                    <Empty>
                        {n ? (
                            'No call matches these filters.'
                        ) : (
                            <>
                                No agent has called yet. <a href="#/keys?new=1">Make a key</a>, and give it to an agent.
                            </>
                        )}
                    </Empty>
                )}
                {list.calls.length > 0 && (
                    <Rows
                        label="Calls, newest first"
                        rows={list.calls}
                        columns={columns}
                        class="calls"
                        idOf={(c) => c.call_id}
                        classOf={(c) => 'tone-' + tone(c)}
                        selected={selected}
                        onOpen={(c) => set({ call: c.call_id })}
                        onEnd={() => void list.older()}
                    />
                )}
            </div>
            {selected && (
                <Drawer
                    id={selected}
                    close={() => {
                        set({ call: null });
                        grid()?.focus();
                    }}
                    prev={at > 0 ? () => step(-1) : undefined}
                    next={at >= 0 && at < list.calls.length - 1 ? () => step(1) : undefined}
                />
            )}
        </div>
    );
}
