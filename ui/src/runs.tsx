/* runs.tsx - every run, newest first: what agents set out to do, what it cost, and what was refused. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { get } from './api';
import * as f from './format';
import { Filters } from './filters';
import { useLoad } from './load';
import { useLive } from './live';
import { Empty, Failed, Id, Loading, Money, Text, When } from './parts';
import { go, href, route } from './route';
import { Rows, type Column } from './rows';
import { RunPage } from './run';
import type { Run } from './types';

const FILTERS = ['run', 'agent', 'tenant', 'since', 'until'];
const PAGE = 200;

const columns: Column<Run>[] = [
    { name: 'Last call', class: 'c-time', cell: (r) => <When at={r.last} /> },
    {
        name: 'Run',
        class: 'c-id',
        cell: (r) => (
            <Id screen="runs" id={r.run_id} params={{ agent: r.agent, tenant: r.tenant }} what="run id" still />
        ),
    },
    { name: 'Agent', class: 'c-agent', cell: (r) => <Text of={r.agent} /> },
    { name: 'Tenant', class: 'c-agent', cell: (r) => <Text of={r.tenant} /> },
    {
        name: 'Lasted',
        class: 'c-took',
        cell: (r) => (r.first && r.last ? f.span(f.at(r.last) - f.at(r.first)) : ''),
    },
    { name: 'Calls', class: 'c-n', cell: (r) => f.count(r.calls) },
    {
        name: 'Denied',
        class: 'c-n',
        cell: (r) => (r.denied ? <span class="bad">✕ {f.count(r.denied)}</span> : <span class="faint">0</span>),
    },
    {
        name: 'Unknown',
        class: 'c-n',
        cell: (r) => (r.unknown ? <span class="warn">? {f.count(r.unknown)}</span> : <span class="faint">0</span>),
    },
    { name: 'Held', class: 'c-cost', cell: (r) => (isZero(r) ? null : <Money of={r.held} />) },
    { name: 'Cost', class: 'c-cost', cell: (r) => <Money of={r.settled} /> },
];

const isZero = (r: Run) => !r.held || f.nano(r.held.usd) === 0n;
const idOf = (r: Run) => [r.run_id, r.agent, r.tenant].map((x) => encodeURIComponent(x ?? '')).join('.');

interface Page {
    runs: Run[];
    next: number | null;
}

/* The first page follows what happens; those behind it are as they were when they were asked for. */
function useRuns(q: Record<string, string | null>) {
    const key = 'runs ' + JSON.stringify(q),
        none = { key, runs: [] as Run[], next: undefined as number | null | undefined };
    const first = useLoad(key, (signal) => get<Page>('/runs', { ...q, limit: PAGE }, signal));
    const [behind, setBehind] = useState(none),
        isBusy = useRef(false);
    const more = behind.key === key ? behind : none;
    useLive(['call'], first.again, { everyMs: 2000 });
    const rows = useMemo(() => {
        const seen = new Set<string>() /* a run that went on stands on the first page, and behind it as it was */,
            all = [...(first.data?.runs ?? []), ...more.runs];
        return all.filter((r) => !seen.has(idOf(r)) && seen.add(idOf(r)));
    }, [first.data, more.runs]);
    const older = async () => {
        const next = more.next === undefined ? first.data?.next : more.next;
        if (!next || isBusy.current) return;
        isBusy.current = true;
        await get<Page>('/runs', { ...q, limit: PAGE, before: next }).then(
            (p) => setBehind({ key, runs: [...more.runs, ...p.runs], next: p.next }),
            () => null /* scrolling asks again */,
        );
        isBusy.current = false;
    };
    return { ...first, rows, older };
}

function RunList() {
    const q = Object.fromEntries(FILTERS.map((n) => [n, route.value.query.get(n)]));
    const { data, rows, error, again, older } = useRuns(q);
    return (
        <div class="split-list">
            <div class="head">
                <h1>Runs</h1>
                <Filters names={FILTERS} />
            </div>
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="runs" />}
            {data && rows.length === 0 && (
                <Empty>
                    {FILTERS.some((n) => q[n]) ? 'No run matches.' : 'No agent has called yet.'} Agents name their run with the header <code>x-agent-run-id</code>, or{' '}
                    <code>flyball run -- COMMAND</code> does it for them.
                </Empty>
            )}
            {rows.length > 0 && (
                <Rows
                    label="Runs, newest first"
                    rows={rows}
                    columns={columns}
                    idOf={idOf}
                    classOf={(r) => (r.unknown ? 'tone-unknown' : '')}
                    onEnd={() => void older()}
                    onOpen={(r) => go(href('runs', r.run_id, { agent: r.agent, tenant: r.tenant }))}
                />
            )}
        </div>
    );
}

export function Runs() {
    const { id } = route.value;
    return id ? <RunPage key={id} id={id} /> : <RunList />;
}
