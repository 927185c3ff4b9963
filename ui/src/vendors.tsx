/* vendors.tsx - what stands behind each vendor's name: where agents call, where that leads, and which operations we know. */
import { useState } from 'preact/hooks';
import { get } from './api';
import * as f from './format';
import { useLoad } from './load';
import { Card, Copy, Empty, Facts, Failed, Loading, Money, Plain, Text } from './parts';
import { href, param, set } from './route';
import type { Operation, SpendRow, Vendor } from './types';

const OPERATIONS_SHOWN = 200;

function Operations({ v }: { v: Vendor }) {
    const [q, setQ] = useState(''),
        all = v.operations ?? [];
    const fits = all.filter(
        (o) => !q || `${o.operation} ${o.class} ${o.method} ${o.path}`.toLowerCase().includes(q.toLowerCase()),
    );
    const classes = new Map<string, number>();
    for (const o of all) classes.set(o.class ?? 'unknown', (classes.get(o.class ?? 'unknown') ?? 0) + 1);
    return (
        <>
            <p class="sums">
                {[...classes].map(([name, n]) => (
                    <span key={name}>
                        {name} {f.count(n)}
                    </span>
                ))}
            </p>
            <input
                class="wide-input"
                type="search"
                list={undefined}
                aria-label={`Search the operations of ${v.name}`}
                placeholder="Search operations"
                value={q}
                onInput={(e) => setQ(e.currentTarget.value)}
            />
            <Plain
                label={`Operations of ${v.name}`}
                head={['operation', 'class', 'request']}
                rows={fits.slice(0, OPERATIONS_SHOWN).map((o: Operation) => [
                    <a href={href('calls', '', { operation: o.operation })}>
                        <code>{o.operation}</code>
                    </a>,
                    o.class,
                    <code class="faint">
                        {o.method} {o.path}
                    </code>,
                ])}
            />
            {fits.length > OPERATIONS_SHOWN && (
                <p class="faint">and {f.count(fits.length - OPERATIONS_SHOWN)} more: search for them</p>
            )}
        </>
    );
}

function VendorCard({ v, spend, isOpen }: { v: Vendor; spend: SpendRow | undefined; isOpen: boolean }) {
    return (
        <Card
            title={v.name}
            class={isOpen ? 'wide' : ''}
            more={
                <>
                    {v.is_simulated ? (
                        <span class="chip chip-open">simulated</span>
                    ) : (
                        <span class="chip chip-approve">real</span>
                    )}
                    {v.has_secret ? (
                        <span class="chip chip-permit">
                            <span aria-hidden="true">✓</span> has its secret
                        </span>
                    ) : (
                        <span class="chip chip-deny">
                            <span aria-hidden="true">✕</span> no secret: refuses
                        </span>
                    )}
                </>
            }>
            <Facts
                rows={[
                    [
                        'agents call',
                        <span class="id">
                            <code>
                                <Text of={v.url} />
                            </code>
                            <Copy text={v.url} what="address" />
                        </span>,
                    ],
                    ['leads to', <Text of={v.target} />],
                    ['connector', v.connector],
                    ['mode', v.mode],
                    [
                        '30 days',
                        spend ? (
                            <>
                                <Money of={spend.settled} />{' '}
                                <span class="faint">
                                    {f.count(spend.calls)} calls, {f.count(spend.denied ?? 0)} denied,{' '}
                                    {f.count(spend.unknown ?? 0)} unknown
                                </span>
                            </>
                        ) : (
                            <span class="faint">no call</span>
                        ),
                    ],
                    ['calls', <a href={href('calls', '', { vendor: v.name })}>of this vendor</a>],
                ]}
            />
            <button type="button" aria-expanded={isOpen} onClick={() => set({ vendor: isOpen ? null : v.name })}>
                {isOpen ? 'Hide' : 'Show'} {f.count(v.operations?.length ?? 0)} operations
            </button>
            {isOpen && <Operations v={v} />}
        </Card>
    );
}

export function Vendors() {
    const { data, error, again } = useLoad('vendors', (s) =>
        Promise.all([
            get<{ vendors: Vendor[] }>('/vendors', {}, s),
            get<{ spend: SpendRow[] }>('/spend', { by: 'vendor', since: '30d' }, s),
        ]),
    );
    return (
        <>
            <h1>Vendors</h1>
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="vendors" />}
            {data?.[0].vendors.length === 0 && (
                <Empty>
                    No vendor is set up: see <code>vendors</code> in flyball.yaml.
                </Empty>
            )}
            <div class="cards">
                {data?.[0].vendors.map((v) => (
                    <VendorCard
                        key={v.name}
                        v={v}
                        isOpen={param('vendor') === v.name}
                        spend={data[1].spend.find((r) => r.vendor === v.name)}
                    />
                ))}
            </div>
        </>
    );
}
