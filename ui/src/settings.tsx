/* settings.tsx - how the daemon is: health, its own checks, the record, the running configuration and where it is from. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { get, may, session } from './api';
import * as f from './format';
import { useLoad } from './load';
import { useLive } from './live';
import { Card, Facts, Failed, Id, Loading, Plain, Text, When } from './parts';
import { People } from './people';
import type { Check, Event, Health } from './types';

function HealthCard() {
    const { data: h, error, again } = useLoad('health', (s) => get<Health>('/health', {}, s), 5000);
    return (
        <Card
            title="Health"
            more={
                <button type="button" onClick={again}>
                    Again
                </button>
            }>
            {error ? (
                <Failed error={error} again={again} />
            ) : !h ? (
                <Loading what="health" />
            ) : (
                <Facts
                    rows={[
                        [
                            'status',
                            h.status === 'ok' ? (
                                <span class="ok">✓ ok</span>
                            ) : (
                                <span class="bad">
                                    ✕ <Text of={h.status} />
                                </span>
                            ),
                        ],
                        [
                            'stop button',
                            h.killed ? <span class="bad">■ pressed: every call is refused</span> : 'not pressed',
                        ],
                        [
                            'ledger',
                            h.ledger_balances ? (
                                <span class="ok">✓ balances</span>
                            ) : (
                                <span class="bad">✕ does not balance</span>
                            ),
                        ],
                        ['open calls', f.count(h.open_calls)],
                        ['unknown outcomes', f.count(h.unknown_outcomes)],
                        ['vendors without secret', f.count(h.vendors_without_secret)],
                        [
                            'journal',
                            `frame ${f.count(h.journal_seq)}, ${f.count(h.journal_seq - h.journal_synced_seq)} not on the disk yet, ${f.bytes(h.journal_bytes)}`,
                        ],
                        ['store', `${f.count(h.store_lag_frames)} frames behind`],
                        ['counters', f.count(h.buckets)],
                    ]}
                />
            )}
        </Card>
    );
}

const MARK = { ok: ['ok', '✓ ok'], warn: ['warn', '! look'], fail: ['bad', '✕ failed'] } as const;

/* Checks that read the whole record: run when somebody asks. */
function Doctor() {
    const [state, setState] = useState<{ checks?: Check[]; error?: Error; isBusy?: boolean }>({});
    const run = () => {
        setState({ isBusy: true });
        get<{ checks: Check[] }>('/doctor').then(
            ({ checks }) => setState({ checks }),
            (error) => setState({ error }),
        );
    };
    return (
        <Card
            title="Checks"
            more={
                <button type="button" disabled={state.isBusy} onClick={run}>
                    Run the checks
                </button>
            }>
            {state.isBusy && <Loading what="the checks" />}
            {state.error && <Failed error={state.error} again={run} />}
            {!state.checks && !state.isBusy && !state.error && (
                <p class="faint">
                    Counters are rebuilt from the ledger and compared, and the hash chain is verified over every frame.
                </p>
            )}
            {state.checks && (
                <ul class="checks">
                    {state.checks.map((c) => (
                        <li key={c.name}>
                            <span class={MARK[c.status]?.[0]}>{MARK[c.status]?.[1] ?? c.status}</span>
                            <span>
                                <strong>
                                    <Text of={c.name} />
                                </strong>{' '}
                                <Text of={c.text} />
                                {c.fix && (
                                    <p class="faint">
                                        <Text of={c.fix} />
                                    </p>
                                )}
                            </span>
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}

const KNOWN = ['seq', 'at', 'event', 'by', 'id', 'chain', 'key', 'signature'];

function about(e: Event): ComponentChildren {
    const rest = Object.entries(e)
        .filter(([k, v]) => !KNOWN.includes(k) && v !== null && v !== '' && typeof v !== 'object')
        .map(([k, v]) => `${k} ${k === 'digest' ? String(v).slice(0, 12) : v}`)
        .join(', ');
    const id = typeof e.id === 'string' ? e.id : '';
    return (
        <>
            {id && (e.event.startsWith('key.') ? <Id screen="keys" id={id} what="key id" /> : <Text of={id} />)}{' '}
            <Text of={rest} />
        </>
    );
}

function Events() {
    const { data, error, again } = useLoad('events', (s) => get<{ events: Event[] }>('/events', { limit: 100 }, s));
    useLive(['event'], again, { everyMs: 2000 });
    const rows = data?.events.filter((e) => e.event !== 'checkpoint') ?? [];
    return (
        <Card title="What was changed, and by whom" class="wide">
            {error ? (
                <Failed error={error} again={again} />
            ) : !data ? (
                <Loading what="events" />
            ) : (
                <Plain
                    label="What was changed"
                    head={['time', 'event', 'by', 'about', 'frame']}
                    rows={rows.map((e) => [
                        <When at={e.at} />,
                        <span class="whole">
                            <Text of={e.event} />
                        </span>,
                        <Text of={e.by} />,
                        about(e),
                        e.seq,
                    ])}
                />
            )}
        </Card>
    );
}

function Secrets() {
    const { data, error, again } = useLoad('secrets', (s) =>
        get<{
            secrets: {
                name: string;
                status: string;
                version: number | null;
                set_at: string | null;
                vendors: string[];
            }[];
        }>('/secrets', {}, s),
    );
    return (
        <Card title="Secrets of the store" more={<span class="faint">values are never shown</span>}>
            {error ? (
                <Failed error={error} again={again} />
            ) : !data ? (
                <Loading what="secrets" />
            ) : data.secrets.length === 0 ? (
                <p class="faint">None: vendors have theirs from the environment or from files.</p>
            ) : (
                <Plain
                    label="Secrets"
                    head={['name', 'status', 'version', 'set', 'vendors']}
                    rows={data.secrets.map((x) => [
                        <code>
                            <Text of={x.name} />
                        </code>,
                        x.status === 'ok' ? <span class="ok">✓ ok</span> : <span class="bad">✕ {x.status}</span>,
                        x.version ?? '',
                        <When at={x.set_at} />,
                        x.vendors.join(', '),
                    ])}
                />
            )}
        </Card>
    );
}

function Config() {
    const { data, error, again } = useLoad('config', (s) =>
        get<Record<string, { value: unknown; origin: string }>>('/config', {}, s),
    );
    const [isAll, setAll] = useState(false);
    const rows = Object.entries(data ?? {}).filter(([, v]) => isAll || v.origin !== 'default');
    return (
        <Card
            title="Running configuration"
            class="wide"
            more={
                <button type="button" aria-pressed={isAll} onClick={() => setAll(!isAll)}>
                    Defaults, too
                </button>
            }>
            {error ? (
                <Failed error={error} again={again} />
            ) : !data ? (
                <Loading what="the configuration" />
            ) : (
                <Plain
                    label="Configuration"
                    head={['setting', 'value', 'from']}
                    rows={rows.map(([k, v]) => [
                        <code>{k}</code>,
                        <Text of={typeof v.value === 'string' ? v.value : JSON.stringify(v.value)} />,
                        <Text of={v.origin} />,
                    ])}
                />
            )}
        </Card>
    );
}

function You() {
    const s = session.value!;
    return (
        <Card title="You">
            <Facts
                rows={[
                    ['name', <Text of={s.name} />],
                    ['roles', s.roles.join(', ')],
                    ['tenant', s.tenant ? <Text of={s.tenant} /> : 'all'],
                    ['signed in until', s.expires_at ? <When at={s.expires_at} ago /> : 'you sign out'],
                ]}
            />
        </Card>
    );
}

export function Settings() {
    return (
        <>
            <h1>Settings and health</h1>
            <div class="cards">
                <HealthCard />
                <Doctor />
                <You />
                <Secrets />
                {may('owner') && <People />}
                <Events />
                <Config />
            </div>
        </>
    );
}
