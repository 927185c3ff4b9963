/* overview.tsx - are we safe now, what was stopped, what is about to run out: the answer on one screen. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { get } from './api';
import { waiting } from './approvals';
import * as f from './format';
import { closest, mostNow, type Filled } from './limits';
import { useLoad } from './load';
import { useLive } from './live';
import { Card, Empty, Failed, Layer, Loading, Meter, Money, Text, When } from './parts';
import { href } from './route';
import { health } from './stop';
import type { Call, Key, Limit, Policy, SpendRow } from './types';

const LIST = 6,
    SENTENCES = 12;
const ORDER = ['forbid', 'require', 'permit', 'approve', 'limit'];

function Figure({
    value,
    name,
    to,
    level = '',
    exact,
}: {
    value: ComponentChildren;
    name: string;
    to: string;
    level?: string;
    exact?: string;
}) {
    return (
        <a class={'figure ' + level} href={to} title={exact}>
            <strong>{value}</strong>
            <span>{name}</span>
        </a>
    );
}

const sum = (rows: SpendRow[], isLlm: boolean) =>
    rows.filter((r) => (r.model !== null) === isLlm).reduce((n, r) => n + (r.settled ? f.nano(r.settled.usd) : 0n), 0n);

/* What happened since midnight UTC, where the days of limits and of the record begin. */
function Figures({ keys }: { keys: Key[] }) {
    const since = new Date().toISOString().slice(0, 10) + 'T00:00:00Z';
    const { data, again } = useLoad('spend today', (s) =>
        get<{ spend: SpendRow[] }>('/spend', { by: 'vendor,model', since }, s),
    );
    useLive(['call'], again, { everyMs: 3000 });
    const rows = data?.spend ?? [],
        total = (of: (r: SpendRow) => number | undefined) => rows.reduce((n, r) => n + (of(r) ?? 0), 0);
    const calls = total((r) => r.calls),
        denied = total((r) => r.denied),
        h = health.value,
        unknown = h?.unknown_outcomes ?? 0;
    return (
        <div class="figures" role="group" aria-label="Today, UTC">
            <Figure
                value={f.count(calls - denied)}
                name="permitted today"
                to={href('calls', '', { since, verdict: 'permit' })}
            />
            <Figure
                value={
                    <>
                        {denied > 0 && '✕ '}
                        {f.count(denied)}
                    </>
                }
                name="denied today"
                to={href('calls', '', { since, verdict: 'deny' })}
                level={denied ? 'bad' : ''}
            />
            <Figure
                value={f.count(waiting.value)}
                name="wait for a person"
                to={href('approvals')}
                level={waiting.value ? 'warn' : ''}
            />
            <Figure
                value={
                    <>
                        {unknown > 0 && '? '}
                        {f.count(unknown)}
                    </>
                }
                name="unknown outcomes"
                to={href('calls', '', { outcome: 'unknown' })}
                level={unknown ? 'warn' : ''}
            />
            <Figure
                value={f.usdShort(sum(rows, true))}
                exact={f.usd(f.nanoText(sum(rows, true)))}
                name="models today"
                to={href('spend', '', { by: 'model' })}
            />
            <Figure
                value={f.usdShort(sum(rows, false))}
                exact={f.usd(f.nanoText(sum(rows, false)))}
                name="moved or bought today"
                to={href('spend', '', { by: 'vendor' })}
            />
            <Figure value={f.count(h?.open_calls ?? 0)} name="calls under way" to={href('calls')} />
            <Figure
                value={f.count(keys.filter((k) => k.status === 'active').length)}
                name="keys in force"
                to={href('keys')}
            />
        </div>
    );
}

const MARKS: Record<string, [string, string]> = {
    permit: ['✓', 'may'],
    forbid: ['✕', 'never'],
    approve: ['◔', 'asks'],
    limit: ['≤', 'at most'],
    require: ['!', 'only with'],
};

/* Of what no rule permits, where the document does not enforce that. */
const RESTS: Record<string, string> = {
    observe: 'Anything else would be refused; as long as this observes, all calls of its vendors are allowed.',
    shadow: 'Anything else would be refused; in shadow this decides nothing.',
};

function PolicyCard({ p }: { p: Policy }) {
    const [isAll, setAll] = useState(false),
        said = [...(p.sentences ?? [])].sort((a, b) => ORDER.indexOf(a.effect) - ORDER.indexOf(b.effect));
    const shown = isAll ? said : said.slice(0, SENTENCES);
    return (
        <Card
            title={`What agents may do: ${p.name}`}
            class="wide"
            more={
                <span class="faint">
                    version {p.version}, digest <code>{p.digest.slice(0, 12)}</code>, applied <When at={p.applied_at} />
                </span>
            }>
            <ul class="sentences">
                {shown.map((s) => {
                    const [mark, word] = MARKS[s.effect] ?? ['·', s.effect];
                    return (
                        <li key={s.kind + s.id} class={'says-' + s.effect}>
                            <span class="says">
                                <span aria-hidden="true">{mark}</span> {word}
                            </span>
                            <span>
                                <Text of={s.text} />{' '}
                                <span class="faint">
                                    <Text of={s.id} />
                                </span>
                            </span>
                        </li>
                    );
                })}
                <li class="says-rest">
                    <span class="says">
                        <span aria-hidden="true">✕</span> never
                    </span>
                    <span>{RESTS[p.mode ?? ''] ?? 'Anything else is refused.'}</span>
                </li>
            </ul>
            {said.length > shown.length && (
                <button type="button" onClick={() => setAll(true)}>
                    All {said.length} sentences
                </button>
            )}
        </Card>
    );
}

export function LimitLine({ x, where }: { x: Filled; where?: boolean }) {
    const { limit: l, bucket: b } = x,
        pc = Math.round(x.taken * 100);
    return (
        <li class="limit-line">
            <div>
                <strong>
                    <Text of={l.id} />
                </strong>{' '}
                {b.bucket !== '-' && (
                    <span class="faint">
                        <Text of={b.bucket} />
                    </span>
                )}{' '}
                {where && (
                    <span class="faint">
                        {l.key ? 'of a key' : <Text of={l.policy} />}, {b.mode}
                    </span>
                )}
                <span class="pc">{pc} %</span>
            </div>
            <Meter settled={x.settled} held={x.held} label={`${l.id} ${b.bucket}: ${pc} % taken`} />
            <div class="sums">
                <span>{f.amount(l.meter, b.settled)} spent</span>
                {f.share(l.meter, [b.held], l.max) > 0 && <span>{f.amount(l.meter, b.held)} held</span>}
                <span>of {f.amount(l.meter, mostNow(l, b))}</span>
                {b.raised !== undefined && <span>{f.amount(l.meter, b.raised)} of that is a raise</span>}
                {b.is_past_soft && <span>beyond {f.amount(l.meter, l.soft ?? null)}, which is told</span>}
                {b.resets_at && (
                    <span>
                        resets <When at={b.resets_at} ago />
                    </span>
                )}
            </div>
        </li>
    );
}

function Closest() {
    const { data, error, again } = useLoad('limits', (s) => get<{ limits: Limit[] }>('/limits', {}, s));
    useLive(['limit', 'call'], again, { everyMs: 3000 });
    const list = data ? closest(data.limits).slice(0, LIST) : [];
    return (
        <Card title="Limits closest to full">
            {error ? (
                <Failed error={error} again={again} />
            ) : !data ? (
                <Loading what="limits" />
            ) : list.length ? (
                <ul class="limit-lines">
                    {list.map((x, i) => (
                        <LimitLine key={i} x={x} where />
                    ))}
                </ul>
            ) : (
                <p class="faint">Nothing is spent or held yet.</p>
            )}
        </Card>
    );
}

function Last({ title, params, none }: { title: string; params: Record<string, string>; none: string }) {
    const { data, error, again } = useLoad(title, (s) =>
        get<{ calls: Call[] }>('/calls', { ...params, limit: LIST }, s),
    );
    useLive(['call'], again, { everyMs: 2000 });
    return (
        <Card title={title} more={<a href={href('calls', '', params)}>all</a>}>
            {error ? (
                <Failed error={error} again={again} />
            ) : !data ? (
                <Loading what="calls" />
            ) : data.calls.length === 0 ? (
                <p class="faint">{none}</p>
            ) : (
                <ul class="last">
                    {data.calls.map((c) => (
                        <li key={c.call_id}>
                            <a href={href('calls', '', { ...params, call: c.call_id })}>
                                <Text of={f.what(c)} />
                            </a>{' '}
                            <Layer of={c.layer} />{' '}
                            <span class="faint">
                                by <Text of={c.agent} />, <When at={c.started_at} ago />
                            </span>
                            {c.outcome === 'unknown' && (
                                <>
                                    {' '}
                                    <Money of={c.held} /> <span class="faint">stays held</span>
                                </>
                            )}
                            {c.reason && (
                                <p class="faint">
                                    <Text of={c.reason} />
                                </p>
                            )}
                        </li>
                    ))}
                </ul>
            )}
        </Card>
    );
}

/* Nothing happened yet: three steps, ticked as they happen. */
function Start({ keys, hasCall, hasDenial }: { keys: Key[]; hasCall: boolean; hasDenial: boolean }) {
    const steps: [boolean, ComponentChildren][] = [
        [
            keys.length > 0,
            <>
                A key is made. <a href={href('keys', '', { new: '1' })}>Make one for your agent</a>
            </>,
        ],
        [
            hasCall,
            <>
                The first call has come. <code>flyball demo</code> shows how one looks
            </>,
        ],
        [hasDenial, 'The first call was refused: now you know that it holds'],
    ];
    return (
        <Card title="Three steps" class="wide">
            <ol class="steps">
                {steps.map(([done, text], i) => (
                    <li key={i}>
                        <span class={done ? 'ok' : 'faint'}>{done ? '✓ done' : '○ to do'}</span> {text}
                    </li>
                ))}
            </ol>
        </Card>
    );
}

export function Overview() {
    const keys = useLoad('keys', (s) => get<{ keys: Key[] }>('/keys', {}, s));
    const policies = useLoad('policies', (s) => get<{ policies: Policy[] }>('/policies', {}, s));
    const any = useLoad('any', (s) =>
        Promise.all([
            get<{ calls: Call[] }>('/calls', { limit: 1 }, s),
            get<{ calls: Call[] }>('/calls', { limit: 1, verdict: 'deny' }, s),
        ]),
    );
    useLive(
        ['event'],
        () => {
            keys.again();
            policies.again();
        },
        { everyMs: 2000 },
    );
    useLive(
        ['call'],
        () => {
            if (!hasDenial) any.again();
        },
        { everyMs: 2000 },
    );
    const hasCall = !!any.data?.[0].calls.length,
        hasDenial = !!any.data?.[1].calls.length;
    return (
        <>
            <h1>Overview</h1>
            <Figures keys={keys.data?.keys ?? []} />
            <div class="cards">
                {any.data && keys.data && !(hasCall && hasDenial) && (
                    <Start keys={keys.data.keys} hasCall={hasCall} hasDenial={hasDenial} />
                )}
                {policies.error && <Failed error={policies.error} again={policies.again} />}
                {policies.data?.policies.map((p) => (
                    <PolicyCard key={p.name} p={p} />
                ))}
                {policies.data?.policies.length === 0 && (
                    <Card title="What agents may do" class="wide">
                        <Empty>
                            There is no policy, so every call is refused. Apply one with{' '}
                            <code>flyball policy apply FILE</code>.
                        </Empty>
                    </Card>
                )}
                <Closest />
                <Last title="Last denials" params={{ verdict: 'deny' }} none="Nothing was refused." />
                <Last title="Unknown outcomes" params={{ outcome: 'unknown' }} none="Every call’s outcome is known." />
            </div>
        </>
    );
}
