/*
 * customers.tsx - "show me every action your agents took on my account": one customer's account, all agents, and how
 * each action is known to be on it. What nobody can place is counted and never shown, because it may be anybody's.
 */
import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { get } from './api';
import { Drawer } from './drawer';
import { Export, fileName } from './export';
import * as f from './format';
import { useLive } from './live';
import { useLoad } from './load';
import { Copy, Empty, Facts, Failed, Id, Loading, Money, OutcomeChip, Plain, Text, tone, VerdictChip, When } from './parts';
import { go, href, param, route, set } from './route';
import { Rows, type Column } from './rows';
import type { Call, CustomerAccount, CustomerCall } from './types';

const ROWS_MAX = 10000,
    LATELY = 500;
const FORMATS: [string, string][] = [
    ['html', 'A page that stands alone, to hand over'],
    ['ndjson', 'NDJSON: one action a line, the counts last'],
];
/* Why a call is known to be this customer's: `source` of the answer. */
const SOURCES: Record<string, string> = {
    key: 'its key is this customer’s',
    token: 'its identity token says so',
    request: 'the request names it',
    lookup: 'the vendor was asked',
    answer: 'the vendor’s answer names it',
    learned: 'concluded from what other answers named',
    object: 'it names something of this customer’s',
};

/* --- one account -------------------------------------------------------------------------------------------------- */

function Known({ c }: { c: CustomerCall }) {
    return (
        <span class={'chip chip-' + c.attribution} title={SOURCES[c.source ?? ''] ?? c.source ?? ''}>
            {c.attribution}
        </span>
    );
}

const columns: Column<CustomerCall>[] = [
    { name: 'Time', class: 'c-time', cell: (c) => <When at={c.started_at} /> },
    { name: 'Known', class: 'c-known', cell: (c) => <Known c={c} /> },
    { name: 'Agent', class: 'c-agent', cell: (c) => <Text of={c.agent} /> },
    { name: 'Operation', class: 'c-what', cell: (c) => <Text of={c.operation} /> },
    { name: 'Verdict', class: 'c-verdict', cell: (c) => <VerdictChip of={c.verdict} /> },
    { name: 'Amount', class: 'c-amount', cell: (c) => f.vendorAmount(c) },
    {
        name: 'Outcome',
        class: 'c-outcome',
        cell: (c) => <OutcomeChip of={c.outcome} isOpen={!c.ended_at && c.verdict === 'permit'} />,
    },
    { name: 'Cost', class: 'c-cost', cell: (c) => <Money of={c.settled} /> },
    {
        name: 'Run',
        class: 'c-run',
        cell: (c) =>
            c.run_id && <Id screen="runs" id={c.run_id} params={{ agent: c.agent }} what="run id" short still />,
    },
    { name: 'Because', class: 'c-because', cell: (c) => SOURCES[c.source ?? ''] ?? <Text of={c.source} /> },
];

interface Sum {
    agent: string;
    calls: number;
    refused: number;
    unknown: number;
    moved: Map<string, bigint> /* direction and currency -> minor units */;
}

/* What each agent did, and what it moved in the vendor's own currency: settled, so nothing that is still open. */
function sumsOf(calls: CustomerCall[]): Sum[] {
    const sums = new Map<string, Sum>();
    for (const c of calls) {
        const agent = c.agent ?? '';
        const s = sums.get(agent) ?? { agent, calls: 0, refused: 0, unknown: 0, moved: new Map() };
        s.calls++;
        if (c.verdict !== 'permit') s.refused++;
        if (c.outcome === 'unknown') s.unknown++;
        if (c.outcome === 'settled' && c.amount !== null && c.currency && c.direction && c.direction !== 'none') {
            const key = [c.direction, c.currency, c.exponent ?? 2].join('\n');
            s.moved.set(key, (s.moved.get(key) ?? 0n) + BigInt(c.amount));
        }
        sums.set(agent, s);
    }
    return [...sums.values()].sort((a, b) => b.calls - a.calls);
}

function moved(of: Map<string, bigint>): ComponentChildren {
    const parts = [...of].map(([key, n]) => {
        const [direction, currency, exponent] = key.split('\n') as [string, string, string];
        return `${f.minor(n, Number(exponent))} ${currency} ${direction}`;
    });
    return parts.length ? parts.join(', ') : <span class="none">—</span>;
}

function Agents({ calls }: { calls: CustomerCall[] }) {
    const sums = useMemo(() => sumsOf(calls), [calls]);
    return (
        <Plain
            label="What each agent did"
            head={['Agent', 'Actions', 'Refused', 'Unknown', 'Settled']}
            rows={sums.map((s) => [
                <a href={href('calls', '', { agent: s.agent })}>
                    <Text of={s.agent} />
                </a>,
                f.count(s.calls),
                s.refused ? <span class="bad">✕ {f.count(s.refused)}</span> : '0',
                s.unknown ? <span class="warn">? {f.count(s.unknown)}</span> : '0',
                moved(s.moved),
            ])}
        />
    );
}

const SHOW: [string, string][] = [
    ['', 'everything'],
    ['proven', 'proven'],
    ['inferred', 'inferred'],
    ['refused', 'refused'],
    ['unknown', 'unknown'],
];
const keeps = (show: string) => (c: CustomerCall) =>
    !show ||
    c.attribution === show ||
    (show === 'refused' && c.verdict !== 'permit') ||
    (show === 'unknown' && c.outcome === 'unknown');

function Head({ of }: { of: CustomerAccount }) {
    const { customer, calls } = of,
        show = param('show'),
        all = customer.proven + customer.inferred;
    return (
        <div class="run-head">
            <div class="head">
                <h1>
                    Customer{' '}
                    <code>
                        <Text of={customer.customer} />
                    </code>{' '}
                    <Copy text={customer.customer} what="customer" />
                </h1>
                <span class="grow" />
                <Export
                    title="Export actions on this account"
                    path={'/customers/' + encodeURIComponent(customer.customer)}
                    params={{ limit: ROWS_MAX }}
                    name={'customer-' + fileName(customer.customer)}
                    formats={FORMATS}>
                    Every action that is proven or inferred to be on this account
                    {all > ROWS_MAX && `, the first ${f.count(ROWS_MAX)} of ${f.count(all)}`}. Nothing of other
                    customers is in the file.
                </Export>
            </div>
            <div class="run-sums">
                <Facts
                    rows={[
                        ['proven', <strong>{f.count(customer.proven)}</strong>],
                        ['inferred', <strong>{f.count(customer.inferred)}</strong>],
                        [
                            'unattributed',
                            <>
                                <strong>{f.count(customer.unattributed)}</strong>{' '}
                                <span class="faint">in the same runs, of nobody knows whom; not shown</span>
                            </>,
                        ],
                        ['objects of its own', f.count(customer.objects)],
                        ['first action', customer.first_at && <When at={customer.first_at} />],
                        ['last action', customer.last_at && <When at={customer.last_at} />],
                    ]}
                />
                {calls.length > 0 && <Agents calls={calls} />}
            </div>
            <div class="toolbar" role="group" aria-label="Show">
                {SHOW.map(([id, name]) => (
                    <button key={id} type="button" aria-pressed={show === id} onClick={() => set({ show: id })}>
                        {name}
                    </button>
                ))}
                {all > calls.length && (
                    <span class="legend">
                        the first {f.count(calls.length)} of {f.count(all)} actions
                    </span>
                )}
            </div>
        </div>
    );
}

function Account({ id }: { id: string }) {
    const { data, error, again } = useLoad('customer ' + id, (signal) =>
        get<CustomerAccount>('/customers/' + encodeURIComponent(id), { limit: ROWS_MAX }, signal),
    );
    const box = useRef<HTMLDivElement>(null),
        show = param('show'),
        selected = param('call');
    useLive(['call'], again, { everyMs: 3000, cares: (c) => c.customer === id });
    const rows = useMemo(() => (data?.calls ?? []).filter(keeps(show)), [data, show]);
    const at = rows.findIndex((c) => c.call_id === selected);
    const step = (by: number) => {
        const next = rows[at + by];
        return next && at >= 0 ? () => set({ call: next.call_id }, true) : undefined;
    };
    if (error && !data)
        return (
            <div class="screen-pad">
                <Failed error={error} again={again} />
                <a href={href('customers')}>Another customer</a>
            </div>
        );
    if (!data) return <Loading what="the account" />;
    return (
        <div class="split" ref={box}>
            <div class="split-list">
                <Head of={data} />
                {rows.length ? (
                    <Rows
                        label="Actions on this account, oldest first"
                        rows={rows}
                        columns={columns}
                        class="account"
                        idOf={(c) => c.call_id}
                        classOf={(c) => 'tone-' + tone(c)}
                        selected={selected}
                        onOpen={(c) => set({ call: c.call_id })}
                    />
                ) : data.calls.length ? (
                    <Empty>No action on this account is {show}.</Empty>
                ) : (
                    <Empty>
                        No agent is known to have touched this account. An id of the vendor’s (such as{' '}
                        <code>cus_9</code>) or your own id of the customer finds it, whole and letter by letter.
                    </Empty>
                )}
            </div>
            {selected && (
                <Drawer
                    id={selected}
                    close={() => {
                        set({ call: null });
                        box.current?.querySelector<HTMLElement>('.rows')?.focus();
                    }}
                    prev={step(-1)}
                    next={step(1)}
                />
            )}
        </div>
    );
}

/* --- which account ------------------------------------------------------------------------------------------------ */

/* Customers of the last calls, the newest first. */
function lately(calls: Call[]): [string, Call, number][] {
    const seen = new Map<string, [string, Call, number]>();
    for (const c of calls) {
        if (!c.customer) continue;
        const one = seen.get(c.customer);
        if (one) one[2]++;
        else seen.set(c.customer, [c.customer, c, 1]);
    }
    return [...seen.values()];
}

function Choose() {
    const { data, error, again } = useLoad('customers lately', (signal) =>
        get<{ calls: Call[] }>('/calls', { limit: LATELY }, signal),
    );
    const found = useMemo(() => lately(data?.calls ?? []), [data]);
    useLive(['call'], again, { everyMs: 3000, cares: (c) => !!c.customer });
    const open = (e: Event) => {
        e.preventDefault();
        const id = String(new FormData(e.currentTarget as HTMLFormElement).get('customer')).trim();
        if (id) go(href('customers', id));
    };
    return (
        <>
            <h1>Customers</h1>
            <form class="ask" onSubmit={open} aria-label="Open an account">
                <label for="f-customer">What did agents do on the account of</label>{' '}
                <input
                    id="f-customer"
                    name="customer"
                    class="search"
                    required
                    maxLength={256}
                    autocomplete="off"
                    spellcheck={false}
                />{' '}
                <button type="submit" class="primary">
                    Show
                </button>
            </form>
            <p class="hint">the vendor’s id of a customer, such as cus_9, or your own</p>
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="customers" />}
            {data && found.length === 0 && (
                <Empty>
                    {data.calls.length
                        ? `None of the last ${f.count(LATELY)} calls was on a customer’s account.`
                        : 'No agent has called yet: customers on whose accounts agents act are listed here.'}
                </Empty>
            )}
            {found.length > 0 && (
                <>
                    <h2>Of the last {f.count(data!.calls.length)} calls</h2>
                    <Plain
                        label="Customers of the last calls"
                        head={['Customer', 'Calls', 'Last', 'By agent', 'Operation']}
                        rows={found.map(([id, c, n]) => [
                            <Id screen="customers" id={id} what="customer" />,
                            f.count(n),
                            <When at={c.started_at} />,
                            <Text of={c.agent} />,
                            <Text of={f.what(c)} />,
                        ])}
                    />
                </>
            )}
        </>
    );
}

export function Customers() {
    const { id } = route.value;
    return id ? (
        <Account key={id} id={id} />
    ) : (
        <div class="screen-pad customers">
            <Choose />
        </div>
    );
}
