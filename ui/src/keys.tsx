/* keys.tsx - agents' keys: what each may spend, made with lines to paste, and taken away at once. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Agents } from './agents';
import { get, may, post } from './api';
import { say } from './announce';
import * as f from './format';
import { useShortcuts } from './keys_help';
import { counts, effective, most, type Effective } from './limits';
import { useLoad } from './load';
import { useLive } from './live';
import { Copy, Dialog, Empty, Facts, Failed, Field, Id, Loading, Meter, Pick, Text, When } from './parts';
import { LimitLine } from './overview';
import { go, href, param, route, set } from './route';
import { Rows, type Column } from './rows';
import { SNIPPETS } from './snippets';
import type { Call, Key, Limit, Policy, Vendor } from './types';

interface All {
    keys: Key[];
    limits: Limit[];
}

/* The fullest of all limits that a key meets. */
function fullest(k: Key, limits: Limit[]) {
    return effective(limits, k)
        .flatMap((e) => e.buckets)
        .sort((a, b) => b.taken - a.taken)[0];
}

function Status({ k }: { k: Key }) {
    return k.status === 'active' ? (
        <span class="chip chip-permit">
            <span aria-hidden="true">✓</span> active
        </span>
    ) : (
        <span class="chip chip-deny">
            <span aria-hidden="true">✕</span> {k.status}
        </span>
    );
}

function columnsOf(limits: Limit[]): Column<Key>[] {
    return [
        {
            name: 'Agent',
            class: 'c-agent2',
            cell: (k) => (
                <strong>
                    <Text of={k.agent} />
                </strong>
            ),
        },
        { name: 'Key', class: 'c-key', cell: (k) => <Id screen="keys" id={k.id} what="key id" still /> },
        { name: 'Status', class: 'c-verdict', cell: (k) => <Status k={k} /> },
        { name: 'Mode', class: 'c-layer', cell: (k) => k.mode },
        { name: 'Policy', class: 'c-agent', cell: (k) => <Text of={k.policy} /> },
        {
            name: 'Own limits',
            class: 'c-own',
            cell: (k) => (k.limits?.length ? <Text of={k.limits.join(', ')} /> : <span class="faint">none</span>),
        },
        {
            name: 'Closest limit',
            class: 'c-closest',
            cell: (k) => {
                const x = k.status === 'active' ? fullest(k, limits) : undefined;
                return x ? (
                    <span class="closest">
                        <Text of={x.limit.id} />{' '}
                        <Meter settled={x.settled} held={x.held} label={`${Math.round(x.taken * 100)} % taken`} />{' '}
                        {Math.round(x.taken * 100)} %
                    </span>
                ) : null;
            },
        },
        { name: 'Tenant', class: 'c-agent', cell: (k) => <Text of={k.tenant} /> },
        { name: 'Owner', class: 'c-agent', cell: (k) => <Text of={k.owner} /> },
        { name: 'Last used', class: 'c-time', cell: (k) => <When at={k.last_used_at} ago /> },
        { name: 'Made', class: 'c-time', cell: (k) => <When at={k.created_at} /> },
    ];
}

/* --- one key ------------------------------------------------------------------------------------------------------ */

function Revoke({ k, close }: { k: Key; close: (isDone: boolean) => void }) {
    const [error, setError] = useState<Error | null>(null);
    const submit = async (e: Event) => {
        e.preventDefault();
        const t0 = performance.now(),
            now = new FormData(e.currentTarget as HTMLFormElement).get('now') ? '?now=1' : '';
        try {
            await post(`/keys/${encodeURIComponent(k.id)}/revoke${now}`);
            say(`Revoked. The next call with this key is refused; that took ${Math.round(performance.now() - t0)} ms.`);
            close(true);
        } catch (why) {
            setError(why as Error);
        }
    };
    return (
        <Dialog title={`Revoke a key of ${f.visible(k.agent)}`} close={() => close(false)}>
            <form onSubmit={submit}>
                <p>
                    The next call with key{' '}
                    <code>
                        <Text of={k.id} />
                    </code>{' '}
                    is refused. This cannot be taken back: the agent needs a new key.
                </p>
                <label class="check">
                    <input type="checkbox" name="now" /> end answers that are streaming now, too
                </label>
                {error && <Failed error={error} />}
                <button type="submit" class="danger" autofocus>
                    Revoke
                </button>
            </form>
        </Dialog>
    );
}

function EffectiveLimit({ e }: { e: Effective }) {
    return (
        <li class="effective">
            <div>
                <strong>
                    <Text of={e.limit.id} />
                </strong>
                : {most(e.limit)}{' '}
                <span class="faint">
                    from <Text of={e.from} />; counts <Text of={counts(e.limit)} />
                </span>
            </div>
            {e.buckets.length ? (
                <ul>
                    {e.buckets.slice(0, 3).map((b, i) => (
                        <LimitLine key={i} x={b} />
                    ))}
                </ul>
            ) : (
                <p class="faint">Nothing counted yet.</p>
            )}
            {e.buckets.length > 3 && <p class="faint">and {e.buckets.length - 3} more counters</p>}
        </li>
    );
}

function KeyPanel({ id, all, again, close }: { id: string; all: All; again: () => void; close: () => void }) {
    const k = all.keys.find((x) => x.id === id),
        [isRevoking, setRevoking] = useState(false),
        title = useRef<HTMLHeadingElement>(null);
    useEffect(() => title.current?.focus(), [id]);
    useShortcuts({ Escape: close });
    return (
        <aside class="drawer" aria-label="Key">
            <header>
                <h2 ref={title} tabIndex={-1}>
                    {k ? <Text of={k.agent} /> : 'No such key'}
                </h2>
                <button type="button" class="quiet" aria-label="Close" onClick={close}>
                    ✕
                </button>
            </header>
            <div class="drawer-body" tabIndex={0} role="region" aria-label="Details">
                {!k ? (
                    <Empty>
                        There is no key{' '}
                        <code>
                            <Text of={id} />
                        </code>
                        .
                    </Empty>
                ) : (
                    <>
                        <p class="chips">
                            <Status k={k} /> <span class="faint">{k.mode}</span>
                        </p>
                        <p class="actions">
                            <a href={href('calls', '', { key: k.id })}>Its calls</a>
                            <a href={href('calls', '', { key: k.id, verdict: 'deny' })}>its denials</a>
                            {k.status === 'active' && may('operator') && (
                                <button type="button" class="stop" onClick={() => setRevoking(true)}>
                                    Revoke …
                                </button>
                            )}
                        </p>
                        <Facts
                            rows={[
                                ['key', <Id screen="keys" id={k.id} what="key id" />],
                                ['owner', k.owner && <Text of={k.owner} />],
                                ['tenant', k.tenant && <Text of={k.tenant} />],
                                ['policy', <Text of={k.policy} />],
                                ['labels', k.labels?.length ? <Text of={k.labels.join(', ')} /> : null],
                                ['made', <When at={k.created_at} />],
                                ['last used', <When at={k.last_used_at} ago />],
                                ['expires', k.expires_at && <When at={k.expires_at} ago />],
                                ['revoked', k.revoked_at && <When at={k.revoked_at} />],
                            ]}
                        />
                        <section class="part">
                            <h3>Every limit that applies</h3>
                            <ul>
                                {effective(all.limits, k).map((e, i) => (
                                    <EffectiveLimit key={i} e={e} />
                                ))}
                            </ul>
                            {effective(all.limits, k).length === 0 && (
                                <p class="faint">
                                    {k.status === 'active'
                                        ? 'None: only the rules of its policy hold it.'
                                        : 'A key that is not in force meets none.'}
                                </p>
                            )}
                        </section>
                    </>
                )}
            </div>
            {k && isRevoking && (
                <Revoke
                    k={k}
                    close={(isDone) => {
                        setRevoking(false);
                        if (isDone) again();
                    }}
                />
            )}
        </aside>
    );
}

/* --- a new key ---------------------------------------------------------------------------------------------------- */

function Waiting({ id }: { id: string }) {
    const { data, again } = useLoad(
        'first call of ' + id,
        (s) => get<{ calls: Call[] }>('/calls', { key: id, limit: 1 }, s),
        2000,
    );
    useLive(
        ['call'],
        () => {
            if (!data?.calls.length) again();
        },
        { cares: (c) => c.key === id },
    );
    const c = data?.calls[0];
    useEffect(() => {
        if (c) say('The first call has come.');
    }, [!!c]);
    return (
        <p class="waiting" role="status">
            {c ? (
                <>
                    <span class="ok">✓</span> The first call has come:{' '}
                    <a href={href('calls', '', { key: id, call: c.call_id })}>
                        <Text of={f.what(c)} />
                    </a>{' '}
                    was {c.verdict === 'permit' ? 'permitted' : 'refused'}.
                </>
            ) : (
                <>
                    <span class="pulse" aria-hidden="true" /> Waiting for the first call …
                </>
            )}
        </p>
    );
}

function Made({
    made,
    agent,
    vendors,
    close,
}: {
    made: { key: string; id: string };
    agent: string;
    vendors: Vendor[];
    close: () => void;
}) {
    const able = SNIPPETS.filter((s) => vendors.some((v) => v.name === s.vendor));
    const [name, setName] = useState(able[0]?.name ?? '');
    const chosen = able.find((s) => s.name === name),
        vendor = vendors.find((v) => v.name === chosen?.vendor);
    const text = chosen && vendor ? chosen.of(vendor.url, made.key) : '';
    return (
        <Dialog title={`The key of ${f.visible(agent)}`} close={close}>
            <p>It is shown now and never again.</p>
            <p class="secret">
                <code>{made.key}</code> <Copy text={made.key} what="the key" />
            </p>
            {text && (
                <>
                    <Pick
                        name="snippet"
                        label="Lines to paste"
                        value={name}
                        options={able.map((s) => [s.name, s.name])}
                        onPick={setName}
                    />
                    <div class="snippet">
                        <pre tabIndex={0} aria-label="Lines to paste">
                            {text}
                        </pre>
                        <Copy text={text} what="the lines" />
                    </div>
                </>
            )}
            <Waiting id={made.id} />
        </Dialog>
    );
}

/* "usd=50/day requests=100/hour": one or more, with commas or spaces between. */
const listOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);

function Create({ close, again }: { close: () => void; again: () => void }) {
    const policies = useLoad('policies', (s) => get<{ policies: Policy[] }>('/policies', {}, s));
    const vendors = useLoad('vendors', (s) => get<{ vendors: Vendor[] }>('/vendors', {}, s));
    const [made, setMade] = useState<{ key: string; id: string } | null>(null),
        [agent, setAgent] = useState('');
    const [error, setError] = useState<Error | null>(null),
        [policy, setPolicy] = useState('default'),
        [mode, setMode] = useState('');
    const submit = async (e: Event) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget as HTMLFormElement),
            text = (n: string) => String(form.get(n) ?? '').trim();
        const body: Record<string, unknown> = { agent: text('agent'), policy };
        for (const name of ['owner', 'tenant', 'expires']) if (text(name)) body[name] = text(name);
        if (mode) body.mode = mode;
        for (const name of ['limits', 'labels']) if (listOf(text(name)).length) body[name] = listOf(text(name));
        try {
            setAgent(text('agent'));
            setMade(await post<{ key: string; id: string }>('/keys', body));
            say('The key is made.');
            again();
        } catch (why) {
            setError(why as Error);
        }
    };
    if (made) return <Made made={made} agent={agent} vendors={vendors.data?.vendors ?? []} close={close} />;
    return (
        <Dialog title="Make a key" close={close}>
            <form onSubmit={submit}>
                <Field
                    name="agent"
                    label="Agent"
                    required
                    autofocus
                    maxLength={128}
                    hint="who will present it, such as support-bot"
                />
                <Pick
                    name="policy"
                    label="Policy"
                    value={policy}
                    onPick={setPolicy}
                    options={(policies.data?.policies.map((p) => p.name) ?? ['default']).map((n) => [n, n])}
                />
                <Field
                    name="limits"
                    label="Limits of its own"
                    hint="such as usd=50/day, requests=100/hour; they only narrow what the policy allows"
                />
                <details>
                    <summary>More</summary>
                    <Field name="owner" label="Owner" hint="who answers for it" />
                    <Field name="tenant" label="Tenant" />
                    <Field name="labels" label="Labels" hint="such as team=payments; policies match label.team" />
                    <Field name="expires" label="Expires" hint="a time, or a duration such as 30d; never when empty" />
                    <Pick
                        name="mode"
                        label="Mode"
                        value={mode}
                        onPick={setMode}
                        options={[
                            ['', 'as usual here'],
                            ['test', 'test'],
                            ['live', 'live: real money'],
                        ]}
                    />
                </details>
                {error && <Failed error={error} />}
                <button type="submit" class="primary">
                    Make the key
                </button>
            </form>
        </Dialog>
    );
}

/* --- the screen --------------------------------------------------------------------------------------------------- */

export function Keys() {
    const { id } = route.value,
        isNew = param('new') !== '',
        isAll = param('all') !== '',
        isAgents = param('view') === 'agents',
        box = useRef<HTMLDivElement>(null);
    const { data, error, again } = useLoad<All>('keys', async (s) => {
        const [k, l] = await Promise.all([
            get<{ keys: Key[] }>('/keys', {}, s),
            get<{ limits: Limit[] }>('/limits', {}, s),
        ]);
        return {
            keys: k.keys.sort((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? '')),
            limits: l.limits,
        };
    });
    useLive(['event', 'limit', 'call'], again, { everyMs: 3000 });
    useShortcuts(may('operator') ? { n: () => set({ new: '1' }) } : {});
    const shown = data?.keys.filter((k) => isAll || k.status === 'active' || k.id === id) ?? [];
    const back = () => {
        go(href('keys', '', { all: param('all') }));
        box.current?.querySelector<HTMLElement>('.rows')?.focus();
    };
    return (
        <div class="split" ref={box}>
            <div class="split-list">
                <div class="head">
                    <h1>Keys</h1>
                    <button type="button" aria-pressed={isAll} onClick={() => set({ all: isAll ? null : '1' })}>
                        Revoked and expired, too
                    </button>
                    <button
                        type="button"
                        aria-pressed={isAgents}
                        onClick={() => set({ view: isAgents ? null : 'agents' })}>
                        Agents and who answers for them
                    </button>
                    <span class="grow" />
                    <button type="button" class="primary" disabled={!may('operator')} onClick={() => set({ new: '1' })}>
                        Make a key
                    </button>
                </div>
                {error && <Failed error={error} again={again} />}
                {!data && !error && <Loading what="keys" />}
                {isAgents && <Agents />}
                {data && !isAgents && shown.length === 0 && <Empty>No key is in force: no agent can call.</Empty>}
                {data && !isAgents && shown.length > 0 && (
                    <Rows
                        label="Keys, newest first"
                        rows={shown}
                        columns={columnsOf(data.limits)}
                        idOf={(k) => k.id}
                        classOf={(k) => (k.status === 'active' ? '' : 'dim')}
                        selected={id}
                        onOpen={(k) => go(href('keys', k.id, { all: param('all') }))}
                    />
                )}
            </div>
            {id && data && <KeyPanel id={id} all={data} again={again} close={back} />}
            {isNew && may('operator') && <Create close={() => set({ new: null })} again={again} />}
        </div>
    );
}
