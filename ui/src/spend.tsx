/* spend.tsx - where the money went: by layer, vendor, class, agent, key, model and day. The chart is loaded when wanted. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get } from './api';
import * as f from './format';
import { useLoad } from './load';
import { useLive } from './live';
import { Card, Empty, Failed, Id, Loading, Money, Text } from './parts';
import { href, param, set } from './route';
import { isDark } from './theme';
import type { Money as MoneyOf, SpendRow } from './types';

const BY = ['layer', 'vendor', 'class', 'agent', 'key', 'model'] as const;
type By = (typeof BY)[number];
const SINCE: [string, string][] = [
    ['24h', '24 hours'],
    ['7d', '7 days'],
    ['30d', '30 days'],
    ['365d', 'a year'],
];
const SHOWN = 7; /* groups with a colour of their own; the rest is one */

export interface Group {
    name: string;
    settled: bigint;
    held: bigint;
    calls: number;
    denied: number;
    hows: Set<string>;
    days: Map<string, bigint>;
}

const nameOf = (r: SpendRow, by: By): string =>
    by === 'layer' ? (r.model !== null ? 'LLM' : 'SaaS') : (r[by] ?? 'none');

/* To a tenth, rounded down: what is not all of it is never 100 %. */
const percent = (n: bigint, of: bigint): string => `${(Number((n * 1000n) / of) / 10).toFixed(1)} %`;

const how = (g: Group): MoneyOf['how'] =>
    (['unknown', 'estimated', 'priced', 'parsed'] as const).find((h) => g.hows.has(h)) ?? 'parsed';

function groups(rows: SpendRow[], by: By): Group[] {
    const all = new Map<string, Group>();
    for (const r of rows) {
        const name = nameOf(r, by);
        const g = all.get(name) ?? {
            name,
            settled: 0n,
            held: 0n,
            calls: 0,
            denied: 0,
            hows: new Set<string>(),
            days: new Map<string, bigint>(),
        };
        const n = r.settled ? f.nano(r.settled.usd) : 0n;
        all.set(name, g);
        g.settled += n;
        g.held += r.held ? f.nano(r.held.usd) : 0n;
        g.calls += r.calls;
        g.denied += r.denied ?? 0;
        if (r.settled && n !== 0n) g.hows.add(r.settled.how);
        if (r.day) g.days.set(r.day, (g.days.get(r.day) ?? 0n) + n);
    }
    return [...all.values()].sort((a, b) =>
        a.settled < b.settled ? 1 : a.settled > b.settled ? -1 : b.calls - a.calls,
    );
}

/* The largest groups, and the others as one. */
function folded(all: Group[]): Group[] {
    if (all.length <= SHOWN) return all;
    const rest: Group = {
        name: 'others',
        settled: 0n,
        held: 0n,
        calls: 0,
        denied: 0,
        hows: new Set(),
        days: new Map(),
    };
    for (const g of all.slice(SHOWN - 1))
        for (const [day, n] of g.days) rest.days.set(day, (rest.days.get(day) ?? 0n) + n);
    return [...all.slice(0, SHOWN - 1), rest];
}

function Chart({ all, days }: { all: Group[]; days: string[] }) {
    const box = useRef<HTMLDivElement>(null),
        shown = useMemo(() => folded(all), [all]),
        [error, setError] = useState('');
    useEffect(() => {
        let drop = () => {};
        let isGone = false;
        import('./chart').then(
            ({ draw }) => {
                if (!isGone && box.current) drop = draw(box.current, shown, days);
            },
            () => setError('The chart could not be loaded; the table below has the same numbers.'),
        );
        return () => {
            isGone = true;
            drop();
        };
    }, [shown, days.join(), isDark.value]);
    const total = all.reduce((n, g) => n + g.settled, 0n),
        top = all[0];
    return (
        <figure class="chart">
            <div ref={box} aria-hidden="true" />
            <figcaption>
                {error || (
                    <>
                        Settled {f.usd(f.nanoText(total))} over {days.length} {days.length === 1 ? 'day' : 'days'}
                        {top && top.settled > 0n && (
                            <>
                                , {percent(top.settled, total)} of it for <Text of={top.name} />
                            </>
                        )}
                        . The table below has every number.
                    </>
                )}
            </figcaption>
            <ul class="chart-legend">
                {shown.map((g, i) => (
                    <li key={g.name}>
                        <svg viewBox="0 0 10 10" aria-hidden="true">
                            <rect class={'series-' + i} width="10" height="10" rx="2" />
                        </svg>{' '}
                        <Text of={g.name} />
                    </li>
                ))}
            </ul>
        </figure>
    );
}

function Name({ g, by, since }: { g: Group; by: By; since: string }) {
    if (g.name === 'none' || by === 'layer' || by === 'class') return <Text of={g.name} />;
    if (by === 'key') return <Id screen="keys" id={g.name} what="key id" />;
    return (
        <a href={href('calls', '', { [by]: g.name, since })}>
            <Text of={g.name} />
        </a>
    );
}

function Table({ all, by, since }: { all: Group[]; by: By; since: string }) {
    const total = all.reduce((n, g) => n + g.settled, 0n) || 1n;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label="Spend">
            <table class="plain numbers">
                <thead>
                    <tr>
                        <th scope="col">{by}</th>
                        <th scope="col">settled</th>
                        <th scope="col">share</th>
                        <th scope="col">still held</th>
                        <th scope="col">calls</th>
                        <th scope="col">denied</th>
                    </tr>
                </thead>
                <tbody>
                    {all.map((g) => (
                        <tr key={g.name}>
                            <th scope="row">
                                <Name g={g} by={by} since={since} />
                            </th>
                            <td>
                                <Money of={{ usd: f.nanoText(g.settled), how: how(g) }} />
                            </td>
                            <td class="share">
                                <svg
                                    class="bar-share"
                                    viewBox="0 0 100 6"
                                    preserveAspectRatio="none"
                                    aria-hidden="true">
                                    <rect width={Number((g.settled * 100n) / total)} height="6" />
                                </svg>{' '}
                                <span>{percent(g.settled, total)}</span>
                            </td>
                            <td>
                                {g.held > 0n ? (
                                    <Money of={{ usd: f.nanoText(g.held), how: 'estimated' }} />
                                ) : (
                                    <span class="faint">0</span>
                                )}
                            </td>
                            <td>{f.count(g.calls)}</td>
                            <td>
                                {g.denied ? (
                                    <span class="bad">✕ {f.count(g.denied)}</span>
                                ) : (
                                    <span class="faint">0</span>
                                )}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function DayTable({ all, days }: { all: Group[]; days: string[] }) {
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label="Spend by day">
            <table class="plain numbers">
                <thead>
                    <tr>
                        <th scope="col">day (UTC)</th>
                        {all.slice(0, SHOWN).map((g) => (
                            <th scope="col" key={g.name}>
                                <Text of={g.name} />
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {[...days].reverse().map((d) => (
                        <tr key={d}>
                            <th scope="row">{d}</th>
                            {all.slice(0, SHOWN).map((g) => (
                                <td key={g.name}>
                                    {g.days.get(d) ? f.usd(f.nanoText(g.days.get(d)!)) : <span class="faint">0</span>}
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

export function Spend() {
    const by = (BY as readonly string[]).includes(param('by')) ? (param('by') as By) : 'vendor',
        since = param('since') || '30d';
    const asked = by === 'layer' ? 'day,model' : 'day,' + by;
    const { data, error, again } = useLoad(`spend ${asked} ${since}`, (s) =>
        get<{ spend: SpendRow[] }>('/spend', { by: asked, since }, s),
    );
    useLive(['call'], again, { everyMs: 5000 });
    const all = useMemo(() => groups(data?.spend ?? [], by), [data, by]);
    const days = useMemo(() => [...new Set((data?.spend ?? []).flatMap((r) => (r.day ? [r.day] : [])))].sort(), [data]);
    return (
        <>
            <div class="head head-flat">
                <h1>Spend</h1>
                <div class="toolbar" role="group" aria-label="By">
                    {BY.map((b) => (
                        <button key={b} type="button" aria-pressed={b === by} onClick={() => set({ by: b })}>
                            {b}
                        </button>
                    ))}
                </div>
                <div class="toolbar" role="group" aria-label="Since">
                    {SINCE.map(([id, name]) => (
                        <button key={id} type="button" aria-pressed={id === since} onClick={() => set({ since: id })}>
                            {name}
                        </button>
                    ))}
                </div>
            </div>
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="spend" />}
            {data && all.length === 0 && (
                <Empty>
                    Nothing was spent in this time. Choose a longer one above; <code>flyball demo</code> spends a little
                    at simulated vendors.
                </Empty>
            )}
            {data && all.length > 0 && (
                <div class="cards">
                    <Card title={`By ${by}`} class="wide">
                        <Chart all={all} days={days} />
                        <Table all={all} by={by} since={since} />
                    </Card>
                    <Card title="By day" class="wide">
                        <DayTable all={all} days={days} />
                    </Card>
                </div>
            )}
        </>
    );
}
