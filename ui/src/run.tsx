/*
 * run.tsx - one run from its first call to its last: a lane for each layer, what led to what, and the cost as it grew.
 *
 * The first calls are shown as soon as they are there; a long run's rest follows. Edges say how they are known: a solid
 * line was said by the agent, a dashed one by a span, a dotted one is a guess from values.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, get, may, post } from './api';
import { say } from './announce';
import { Drawer } from './drawer';
import * as f from './format';
import { useLive } from './live';
import {
    Copy,
    Dialog,
    Empty,
    Facts,
    Failed,
    Id,
    Loading,
    Meter,
    Money,
    OutcomeChip,
    Text,
    tone,
    VerdictChip,
    When,
} from './parts';
import { href, param, set } from './route';
import { Rows, type Column } from './rows';
import type { Call, Run, RunWhole } from './types';

const FIRST = 300,
    CALLS_MAX = 10000,
    ROW_PX = 30;

interface RunData {
    run: RunWhole;
    calls: Call[];
}
interface Placed {
    c: Call;
    i: number;
    spent: bigint;
}

/* --- data --------------------------------------------------------------------------------------------------------- */

/* The run as it is loaded: the first calls, the rest, then what comes. */
function useRun(id: string, agent: string, tenant: string) {
    const [data, setData] = useState<RunData | null>(null),
        [error, setError] = useState<Error | null>(null);
    const [turn, setTurn] = useState(0),
        ref = useRef(data),
        busy = useRef(false);
    ref.current = data;
    const path = '/runs/' + encodeURIComponent(id);

    useEffect(() => {
        const stop = new AbortController();
        const load = async () => {
            const first = await get<RunData>(path, { agent, tenant, limit: FIRST }, stop.signal);
            setData(first);
            if (first.calls.length < FIRST) return;
            const whole = await get<RunData>(path, { agent, tenant, limit: CALLS_MAX }, stop.signal);
            setData(whole);
        };
        setError(null);
        load().catch((e) => {
            if (e.name !== 'AbortError') setError(e);
        });
        return () => stop.abort();
    }, [id, agent, tenant, turn]);

    const newer = async () => {
        const now = ref.current,
            last = now?.calls[now.calls.length - 1];
        if (!now || !last || busy.current || (now.calls.length === FIRST && now.run.calls > FIRST)) return;
        busy.current = true;
        try {
            const of = { run: id, agent: now.run.agent, tenant: now.run.tenant };
            const open = now.calls.filter((c) => !c.ended_at && c.verdict === 'permit').slice(0, 40);
            const [sums, came, ...again] = await Promise.all([
                get<RunData>(path, { agent: now.run.agent, tenant: now.run.tenant, limit: 1 }),
                get<{ calls: Call[] }>('/calls', { ...of, after: last.seq, limit: 1000 }),
                ...open.map((c) => get<Call>('/calls/' + c.call_id)),
            ]);
            const closed = new Map(again.map((c) => [c.call_id, c]));
            const calls = now.calls.map((c) => closed.get(c.call_id) ?? c);
            setData({ run: sums.run, calls: [...calls, ...came.calls.reverse()] });
        } catch {
            /* the next message asks again */
        }
        busy.current = false;
    };
    return { data, error, newer, again: () => setTurn((n) => n + 1) };
}

/* --- the timeline ------------------------------------------------------------------------------------------------- */

const LANES = ['llm', 'saas', 'refused'] as const;
const LANE_X: Record<string, number> = { llm: 16, saas: 46, refused: 76 };
const LANES_LEFT = 14 + 74 + 10; /* padding, the column of times, the gap: as style.css has them */

const laneOf = (c: Call) => (c.verdict !== 'permit' ? 'refused' : c.layer === 'llm' ? 'llm' : 'saas');

function Lanes({ c }: { c: Call }) {
    const at = laneOf(c),
        y = ROW_PX / 2;
    return (
        <svg
            class="lanes"
            viewBox={`0 0 92 ${ROW_PX}`}
            role="img"
            aria-label={`lane ${at === 'llm' ? 'LLM' : at === 'saas' ? 'SaaS' : 'refused'}`}>
            {LANES.map((l) => (
                <line key={l} class="lane-line" x1={LANE_X[l]} x2={LANE_X[l]} y1={0} y2={ROW_PX} />
            ))}
            {at === 'refused' ? (
                <path class="lane-x" d={`M${LANE_X.refused! - 5} ${y - 5}l10 10m0 -10l-10 10`} />
            ) : (
                <circle class={'lane-dot lane-' + at + (c.ended_at ? '' : ' lane-open')} cx={LANE_X[at]} cy={y} r={5} />
            )}
        </svg>
    );
}

/* The lines between a tool call in a model's answer and the call that carried it out. */
function Edges({ placed, byId, from, to }: { placed: Placed[]; byId: Map<string, number>; from: number; to: number }) {
    const lines = [];
    for (const p of placed) {
        const start = p.c.caused_by?.call_id ? byId.get(p.c.caused_by.call_id) : undefined;
        if (start === undefined || p.i < from || start > to) continue;
        const x1 = LANES_LEFT + LANE_X[laneOf(placed[start]!.c)]!,
            x2 = LANES_LEFT + LANE_X[laneOf(p.c)]!;
        const y1 = (start + 0.5) * ROW_PX + 6,
            y2 = (p.i + 0.5) * ROW_PX - 7;
        const path = `M${x1} ${y1}L${x1} ${y2 - 16}C${x1} ${y2 - 4} ${x2} ${y2 - 12} ${x2} ${y2}`;
        lines.push(<path key={p.i} class={'edge edge-' + p.c.caused_by!.how} d={path} />);
    }
    return (
        <svg class="edges" width="220" height={placed.length * ROW_PX}>
            {lines}
        </svg>
    );
}

/* When it ran within the run; nothing is narrower than can be seen. */
function Span({ c, start, whole }: { c: Call; start: number; whole: number }) {
    const a = f.at(c.started_at) - start;
    const ms =
        c.phases?.total !== undefined
            ? c.phases.total / 1000
            : c.ended_at
              ? f.at(c.ended_at) - f.at(c.started_at)
              : whole - a;
    const x = Math.min(992, (a / whole) * 1000),
        w = Math.max(8, Math.min(1000 - x, (ms / whole) * 1000));
    return (
        <svg
            class="span"
            viewBox="0 0 1000 10"
            preserveAspectRatio="none"
            role="img"
            aria-label={`took ${f.took(c) || 'until now'}`}>
            <rect class={'span-' + laneOf(c)} x={x} width={w} height={10} rx={2} />
        </svg>
    );
}

function why(c: Call): string {
    if (c.verdict !== 'permit') return c.code ?? '';
    if (c.caused_by)
        return `${c.caused_by.how === 'inferred' ? 'perhaps ' : ''}by ${c.caused_by.tool_call_id} (${c.caused_by.how})`;
    return c.tool_calls?.length ? `asks for ${c.tool_calls.map((t) => t.name).join(', ')}` : '';
}

/* What to see first: refused, else what is not settled, else that it was permitted. */
function State({ c }: { c: Call }) {
    const isOpen = !c.ended_at && c.verdict === 'permit';
    if (c.verdict === 'permit' && (isOpen || c.outcome === 'unknown'))
        return <OutcomeChip of={c.outcome} isOpen={isOpen} />;
    return <VerdictChip of={c.verdict} />;
}

function columnsOf(start: number, whole: number): Column<Placed>[] {
    const after = (c: Call) => '+' + f.offset(f.at(c.started_at) - start);
    return [
        { name: 'After', class: 'c-after', cell: ({ c }) => <time title={c.started_at}>{after(c)}</time> },
        { name: 'LLM SaaS ✕', class: 'c-lanes', cell: ({ c }) => <Lanes c={c} /> },
        { name: 'Operation', class: 'c-what', cell: ({ c }) => <Text of={f.what(c)} /> },
        { name: 'Verdict', class: 'c-state', cell: ({ c }) => <State c={c} /> },
        { name: 'Cost', class: 'c-cost', cell: ({ c }) => <Money of={c.settled} /> },
        { name: 'So far', class: 'c-sofar', cell: (p) => f.usd(f.nanoText(p.spent)) },
        { name: 'Cause', class: 'c-cause', cell: ({ c }) => <Text of={why(c)} /> },
        { name: 'When', class: 'c-span', cell: ({ c }) => <Span c={c} start={start} whole={whole} /> },
        { name: 'Took', class: 'c-took', cell: ({ c }) => f.took(c) },
    ];
}

function place(calls: Call[]): Placed[] {
    let spent = 0n;
    return calls.map((c, i) => ({ c, i, spent: (spent += c.settled ? f.nano(c.settled.usd) : 0n) }));
}

const FILTERS: [string, string, (c: Call) => boolean][] = [
    ['', 'everything', () => true],
    ['llm', 'LLM', (c) => c.layer === 'llm'],
    ['saas', 'SaaS', (c) => c.layer === 'saas'],
    ['denied', 'refused', (c) => c.verdict !== 'permit'],
    ['unknown', 'unknown', (c) => c.outcome === 'unknown'],
];

function Timeline({ calls, grid }: { calls: Call[]; grid: (fn: () => void) => void }) {
    const show = param('show'),
        selected = param('call');
    const shown = useMemo(() => {
        const keep = FILTERS.find(([id]) => id === show)?.[2] ?? FILTERS[0]![2];
        return place(calls)
            .filter((p) => keep(p.c))
            .map((p, i) => ({ ...p, i }));
    }, [calls, show]);
    const byId = useMemo(() => new Map(shown.map((p) => [p.c.call_id, p.i])), [shown]);
    const start = calls.length ? f.at(calls[0]!.started_at) : 0;
    const end = useMemo(() => calls.reduce((t, c) => Math.max(t, f.at(c.ended_at ?? c.started_at)), start), [calls]);
    const columns = useMemo(() => columnsOf(start, Math.max(1, end - start)), [start, end]);
    const box = useRef<HTMLDivElement>(null);
    grid(() => box.current?.querySelector<HTMLElement>('.rows')?.focus());
    return (
        <div class="timeline" ref={box}>
            <Rows
                label="Calls of the run, oldest first"
                rows={shown}
                columns={columns}
                rowPx={ROW_PX}
                class="run-rows"
                idOf={(p) => p.c.call_id}
                classOf={(p) => 'tone-' + tone(p.c)}
                selected={selected}
                onOpen={(p) => set({ call: p.c.call_id })}
                overlay={(from, to) => <Edges placed={shown} byId={byId} from={from} to={to} />}
            />
        </div>
    );
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

function StopRun({ run, close }: { run: RunWhole; close: () => void }) {
    const [error, setError] = useState<Error | null>(null);
    const stop = async () => {
        try {
            await post('/revoke', {
                run: run.run_id,
                ...(run.agent ? { agent: run.agent } : {}),
                ...(run.tenant ? { tenant: run.tenant } : {}),
            });
            say('The run is stopped.');
            close();
        } catch (e) {
            setError(e as Error);
        }
    };
    return (
        <Dialog title="Stop this run" close={close}>
            <p>
                Every further call of run{' '}
                <code>
                    <Text of={run.run_id} />
                </code>{' '}
                is refused. The agent’s keys stay in force for other runs.
            </p>
            {error && <Failed error={error} />}
            <button type="button" class="danger" onClick={() => void stop()}>
                Stop the run
            </button>
        </Dialog>
    );
}

function Head({ run, n }: { run: RunWhole; n: number }) {
    const [isStopping, setStopping] = useState(false),
        show = param('show');
    return (
        <div class="run-head">
            <div class="head">
                <h1>
                    Run{' '}
                    <code>
                        <Text of={run.run_id} />
                    </code>{' '}
                    <Copy text={run.run_id} what="run id" />
                </h1>
                <span class="grow" />
                <a href={href('calls', '', { run: run.run_id, agent: run.agent, tenant: run.tenant })}>
                    as a list of calls
                </a>
                {may('operator') && (
                    <button type="button" class="stop" onClick={() => setStopping(true)}>
                        Stop this run
                    </button>
                )}
            </div>
            <div class="run-sums">
                <Facts
                    rows={[
                        [
                            'agent',
                            <a href={href('runs', '', { agent: run.agent })}>
                                <Text of={run.agent} />
                            </a>,
                        ],
                        ['tenant', run.tenant && <Text of={run.tenant} />],
                        ['started', <When at={run.first} />],
                        [
                            'calls',
                            <>
                                {f.count(run.calls)}
                                {run.calls > n && <span class="faint">, {f.count(n)} shown</span>},{' '}
                                {f.count(run.denied)} denied, {f.count(run.unknown)} unknown
                            </>,
                        ],
                        [
                            'tokens',
                            run.tokens &&
                                Object.entries(run.tokens)
                                    .map(([k, v]) => `${k.replaceAll('_', ' ')} ${f.count(v)}`)
                                    .join(', '),
                        ],
                    ]}
                />
                <Facts
                    rows={[
                        ['cost', <Money of={run.settled} />],
                        ['still held', run.held && f.nano(run.held.usd) > 0n && <Money of={run.held} />],
                        ...run.totals.map((t): [string, ComponentChildren] => [
                            `${t.layer === 'llm' ? 'LLM' : 'SaaS'} ${t.vendor ?? '—'}`,
                            <>
                                <Money of={t.settled} /> <span class="faint">{f.calls(t.calls)}</span>
                            </>,
                        ]),
                    ]}
                />
                {run.limits.length > 0 && (
                    <div class="run-limits">
                        {run.limits.map((l) => {
                            const taken = f.share(l.meter, [l.settled, l.held], l.max);
                            return (
                                <div key={l.id}>
                                    <span class="faint">limit</span> <Text of={l.id} />: {f.amount(l.meter, l.settled)}{' '}
                                    of {f.amount(l.meter, l.max)}
                                    <Meter
                                        settled={f.share(l.meter, [l.settled], l.max)}
                                        held={f.share(l.meter, [l.held], l.max)}
                                        label={`${Math.round(taken * 100)} % of ${l.id} taken`}
                                    />
                                </div>
                            );
                        })}
                    </div>
                )}
            </div>
            <div class="toolbar" role="group" aria-label="Show">
                {FILTERS.map(([id, name]) => (
                    <button key={id} type="button" aria-pressed={show === id} onClick={() => set({ show: id })}>
                        {name}
                    </button>
                ))}
                <span class="legend">
                    <svg viewBox="0 0 30 8" aria-hidden="true">
                        <path class="edge edge-explicit" d="M0 4h30" />
                    </svg>{' '}
                    the agent said so
                    <svg viewBox="0 0 30 8" aria-hidden="true">
                        <path class="edge edge-observed" d="M0 4h30" />
                    </svg>{' '}
                    a span says so
                    <svg viewBox="0 0 30 8" aria-hidden="true">
                        <path class="edge edge-inferred" d="M0 4h30" />
                    </svg>{' '}
                    a guess
                </span>
            </div>
            {isStopping && <StopRun run={run} close={() => setStopping(false)} />}
        </div>
    );
}

/* Several runs have this id: the viewer chooses. */
function Choose({ runs }: { runs: Run[] }) {
    return (
        <div class="screen-pad">
            <h1>Several runs have this id</h1>
            <ul class="choices">
                {runs.map((r, i) => (
                    <li key={i}>
                        <Id screen="runs" id={r.run_id} params={{ agent: r.agent, tenant: r.tenant }} what="run id" />{' '}
                        of agent <Text of={r.agent} />
                        {r.tenant && (
                            <>
                                {' '}
                                for tenant <Text of={r.tenant} />
                            </>
                        )}
                        , {f.calls(r.calls)}, last <When at={r.last} />
                    </li>
                ))}
            </ul>
        </div>
    );
}

export function RunPage({ id }: { id: string }) {
    const { data, error, newer, again } = useRun(id, param('agent'), param('tenant'));
    const focusGrid = useRef(() => {}),
        selected = param('call');
    useLive(['call'], () => void newer(), { everyMs: 1000, cares: (c) => c.run_id === id });
    const ambiguous =
        error instanceof ApiError && error.code === 'run_ambiguous' ? (error.body as { runs: Run[] }).runs : null;
    const step = (by: number) => () => {
        const next = data!.calls[data!.calls.findIndex((c) => c.call_id === selected) + by];
        if (next) set({ call: next.call_id }, true);
    };
    if (ambiguous) return <Choose runs={ambiguous} />;
    if (error)
        return (
            <div class="screen-pad">
                <Failed error={error} again={again} />
                <a href={href('runs')}>All runs</a>
            </div>
        );
    if (!data) return <Loading what="the run" />;
    return (
        <div class="split">
            <div class="split-list">
                <Head run={data.run} n={data.calls.length} />
                {data.calls.length ? (
                    <Timeline
                        calls={data.calls}
                        grid={(fn) => {
                            focusGrid.current = fn;
                        }}
                    />
                ) : (
                    <Empty>This run has no calls.</Empty>
                )}
            </div>
            {selected && (
                <Drawer
                    id={selected}
                    close={() => {
                        set({ call: null });
                        focusGrid.current();
                    }}
                    prev={step(-1)}
                    next={step(1)}
                />
            )}
        </div>
    );
}
