/*
 * drawer.tsx - one call, whole: the verdict and why, the limits before and after, what it cost and how that is known,
 * each try at the vendor, and the ids that lead on.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, may } from './api';
import * as f from './format';
import { useShortcuts } from './keys_help';
import { useLoad } from './load';
import { useLive } from './live';
import { Copy, Facts, Failed, Id, Layer, Loading, Meter, Money, OutcomeChip, Text, VerdictChip, When } from './parts';
import { href } from './route';
import type { Attempt, CallBodies, Call, CallLimit, KeptBody, Why } from './types';

function Part({ title, children }: { title: string; children: ComponentChildren }) {
    return (
        <section class="part">
            <h3>{title}</h3>
            {children}
        </section>
    );
}

function LimitRow({ l }: { l: CallLimit }) {
    const a = (n: number) => f.amount(l.meter, n, true),
        of = (n: number) => (l.max > 0 ? n / l.max : 1);
    const isOver = l.after > l.max;
    return (
        <li class={isOver ? 'limit limit-over' : 'limit'}>
            <div>
                <strong>
                    <Text of={l.id} />
                </strong>{' '}
                {l.bucket && (
                    <span class="faint">
                        <Text of={l.bucket} />
                    </span>
                )}{' '}
                <span class="faint">per {l.window}</span>
                {isOver && <span class="chip chip-deny">no room</span>}
            </div>
            <Meter
                settled={of(l.before)}
                held={of(l.held + l.n)}
                label={`${l.id}: ${Math.round(100 * of(l.after))} % taken`}
            />
            <div class="sums">
                <span>before {a(l.before)}</span>
                <span>held by others {a(l.held)}</span>
                <span>this call {a(l.n)}</span>
                <span>after {a(l.after)}</span>
                <span>of {a(l.max)}</span>
                {l.resets_at && (
                    <span>
                        resets <When at={l.resets_at} ago />
                    </span>
                )}
            </div>
        </li>
    );
}

function AttemptRow({ a }: { a: Attempt }) {
    return (
        <li>
            <strong>{a.n}.</strong> {a.kind}{' '}
            <code>
                <Text of={[a.method, a.path].filter(Boolean).join(' ')} />
            </code>
            {a.target && (
                <span class="faint">
                    {' '}
                    at <Text of={a.target} />
                </span>
            )}
            {a.status !== undefined && <span>, answered {a.status}</span>}
            {a.error && (
                <span>
                    , <Text of={a.error} />
                </span>
            )}
            {a.total_us !== undefined && <span class="faint"> after {f.micros(a.total_us - (a.started_us ?? 0))}</span>}
            {a.bytes_out !== undefined && (
                <span class="faint">
                    {' '}
                    · {f.bytes(a.bytes_out)} out, {f.bytes(a.bytes_in ?? 0)} in
                </span>
            )}
        </li>
    );
}

/* Where the time went, one after the other. */
function Phases({ of }: { of: Record<string, number> }) {
    const parts = Object.entries(of).filter(([name, us]) => name !== 'total' && us > 0);
    return (
        <p class="sums">
            {parts.map(([name, us]) => (
                <span key={name}>
                    {name.replaceAll('_', ' ')} {f.micros(us)}
                </span>
            ))}
            {of.total !== undefined && <strong>total {f.micros(of.total)}</strong>}
        </p>
    );
}

const HOW = {
    explicit: 'the agent said so',
    observed: 'a span says so',
    inferred: 'the values fit, which proves nothing',
};

function Causes({ c }: { c: Call }) {
    if (!c.caused_by && !c.tool_calls?.length) return null;
    return (
        <Part title="Cause and effect">
            {c.caused_by && (
                <p>
                    Carries out the tool call{' '}
                    <code>
                        <Text of={c.caused_by.tool_call_id} />
                    </code>
                    {c.caused_by.call_id ? (
                        <>
                            {' '}
                            of <Id screen="calls" id={c.caused_by.call_id} what="call id" short />
                        </>
                    ) : (
                        ', which no model of this run asked for'
                    )}
                    . Known as <strong>{c.caused_by.how}</strong>: {HOW[c.caused_by.how]}.
                </p>
            )}
            {c.tool_calls?.length ? (
                <p>
                    The model asked for:{' '}
                    {c.tool_calls.map((t, i) => (
                        <span key={i}>
                            {i > 0 && ', '}
                            <code>
                                <Text of={t.name} />
                            </code>{' '}
                            <span class="faint">
                                <Text of={t.id} />
                            </span>
                        </span>
                    ))}
                </p>
            ) : null}
        </Part>
    );
}

function Body({ b }: { b: KeptBody }) {
    const notes = [
        `${b.bytes} bytes`,
        b.content_type,
        b.encoding && `still packed: ${b.encoding}`,
        b.truncated && 'only the beginning is kept',
        b.text === undefined && b.base64 !== undefined && 'as base64',
    ].filter((n): n is string => !!n);
    return (
        <>
            <h4>{b.side === 'request' ? 'Request, as it was sent' : 'Answer, as it passed'}</h4>
            <p class="faint">
                <Text of={notes.join(' · ')} />
            </p>
            {b.not_kept ? (
                <p>
                    Not kept: <Text of={b.why ?? b.not_kept} />.
                </p>
            ) : (
                <pre tabIndex={0} aria-label={`Body of the ${b.side}`}>
                    <Text of={b.text ?? b.base64 ?? ''} />
                </pre>
            )}
        </>
    );
}

function KeptBodies({ id }: { id: string }) {
    const { data, error, again } = useLoad('bodies ' + id, (signal) =>
        get<CallBodies>(`/calls/${encodeURIComponent(id)}/bodies`, {}, signal),
    );
    if (error) return <Failed error={error} again={again} />;
    if (!data) return <Loading what="the bodies" />;
    if (data.why)
        return (
            <p class="faint">
                <Text of={data.why[0]!.toUpperCase() + data.why.slice(1)} />.
            </p>
        );
    return (
        <>
            {data.bodies.map((b) => (
                <Body key={b.side} b={b} />
            ))}
        </>
    );
}

/* What people said stands here only when somebody asked for it, and may. */
function Bodies({ id }: { id: string }) {
    const [isShown, show] = useState(false);
    return (
        <Part title="Bodies">
            {!may('bodies') ? (
                <p class="faint">Seeing what is kept of them takes the role bodies.</p>
            ) : isShown ? (
                <KeptBodies id={id} />
            ) : (
                <button type="button" onClick={() => show(true)}>
                    Show what is kept
                </button>
            )}
        </Part>
    );
}

function Whole({ why }: { why: Why }) {
    const c = why.call;
    return (
        <>
            <p class="chips">
                <VerdictChip of={c.verdict} />{' '}
                <OutcomeChip of={c.outcome} isOpen={!c.ended_at && c.verdict === 'permit'} /> <Layer of={c.layer} />{' '}
                <span class="faint">
                    <Text of={c.mode} />
                </span>
            </p>
            <Part title="Why">
                <ol class="why">
                    {why.explanation.map((r, i) => (
                        <li key={i} class={'topic-' + r.topic}>
                            <span class="topic">{r.topic}</span> <Text of={r.text} />
                        </li>
                    ))}
                </ol>
            </Part>
            {c.limits?.length ? (
                <Part title="Limits, before and after">
                    <ul class="limits">
                        {c.limits.map((l, i) => (
                            <LimitRow key={i} l={l} />
                        ))}
                    </ul>
                </Part>
            ) : null}
            <Part title="Money">
                <Facts
                    rows={[
                        ['predicted', c.predicted && <Money of={c.predicted} />],
                        ['held', c.held && <Money of={c.held} />],
                        ['settled', <Money of={c.settled} none="not settled" />],
                        ['vendor’s amount', f.vendorAmount(c)],
                        ['direction', c.direction],
                        [
                            'tokens',
                            c.tokens && (
                                <>
                                    {Object.entries(c.tokens)
                                        .map(([k, n]) => `${k.replaceAll('_', ' ')} ${f.count(n)}`)
                                        .join(', ')}{' '}
                                    <abbr class="how" title="how the tokens are known">
                                        {c.tokens_how}
                                    </abbr>
                                </>
                            ),
                        ],
                        ['prices', c.catalog],
                        ['overrun', c.overrun ? 'it cost more than was held' : ''],
                    ]}
                />
            </Part>
            <Causes c={c} />
            {c.attempts?.length ? (
                <Part title="Attempts">
                    <ol class="attempts">
                        {c.attempts.map((a, i) => (
                            <AttemptRow key={i} a={a} />
                        ))}
                    </ol>
                </Part>
            ) : null}
            {c.phases && (
                <Part title="Time">
                    <Phases of={c.phases} />
                </Part>
            )}
            <Part title="Who and what">
                <Facts
                    rows={[
                        [
                            'agent',
                            c.agent && (
                                <a href={href('calls', '', { agent: c.agent })}>
                                    <Text of={c.agent} />
                                </a>
                            ),
                        ],
                        ['key', c.key && <Id screen="keys" id={c.key} what="key id" />],
                        ['owner', c.owner && <Text of={c.owner} />],
                        ['user', c.user && <Text of={c.user} />],
                        ['tenant', c.tenant && <Text of={c.tenant} />],
                        [
                            'customer',
                            c.customer && (
                                <>
                                    <Id screen="customers" id={c.customer} what="customer" />{' '}
                                    <span class="faint">{c.customer_source}</span>
                                </>
                            ),
                        ],
                        [
                            'run',
                            c.run_id && (
                                <Id
                                    screen="runs"
                                    id={c.run_id}
                                    params={{ agent: c.agent, tenant: c.tenant }}
                                    what="run id"
                                />
                            ),
                        ],
                        ['run known by', c.run_source && `${c.run_source} (${c.run_trust})`],
                        ['vendor', c.vendor && <Text of={c.vendor} />],
                        [
                            'request',
                            <code>
                                <Text of={[c.method, c.path].filter(Boolean).join(' ')} />
                            </code>,
                        ],
                        ['class', c.class],
                        [
                            'model',
                            c.model_sent && (
                                <Text
                                    of={[c.model_asked, c.model_sent, c.model_returned]
                                        .filter((m, i, all) => m && all.indexOf(m) === i)
                                        .join(' → ')}
                                />
                            ),
                        ],
                        [
                            'policy',
                            c.policy_name && (
                                <>
                                    <Text of={c.policy_name} /> <code class="faint">{c.policy?.slice(0, 12)}</code>
                                </>
                            ),
                        ],
                        ['rule', c.rule && <Text of={c.rule} />],
                        ['status', c.status],
                        ['error', c.error && <Text of={c.error} />],
                        ['stream end', c.stream_end],
                        [
                            'objects',
                            c.object_ids?.length
                                ? c.object_ids.map((o) => (
                                      <span class="id" key={o}>
                                          <code>
                                              <Text of={o} />
                                          </code>
                                          <Copy text={o} what="object id" />
                                      </span>
                                  ))
                                : null,
                        ],
                        [
                            'vendor’s request id',
                            c.vendor_request_id && (
                                <span class="id">
                                    <code>
                                        <Text of={c.vendor_request_id} />
                                    </code>
                                    <Copy text={c.vendor_request_id} what="vendor’s request id" />
                                </span>
                            ),
                        ],
                        [
                            'idempotency key',
                            c.idempotency_key && (
                                <code>
                                    <Text of={c.idempotency_key} />
                                </code>
                            ),
                        ],
                        ['started', <When at={c.started_at} />],
                        ['ended', <When at={c.ended_at} />],
                        [
                            'record',
                            <>
                                frame {c.seq}
                                {c.chain && (
                                    <>
                                        , chain <code>{c.chain.slice(0, 16)}…</code>
                                    </>
                                )}
                            </>,
                        ],
                    ]}
                />
            </Part>
            <Bodies key={c.call_id} id={c.call_id} />
        </>
    );
}

interface Props {
    id: string;
    close: () => void;
    prev?: () => void;
    next?: () => void;
}

export function Drawer({ id, close, prev, next }: Props) {
    const { data, error, again } = useLoad('why ' + id, (signal) =>
        get<Why>(`/calls/${encodeURIComponent(id)}/why`, {}, signal),
    );
    const title = useRef<HTMLHeadingElement>(null);
    useEffect(() => title.current?.focus(), []);
    const isOpen = data !== null && !data.call.ended_at && data.call.verdict === 'permit';
    useLive(['call'], () => isOpen && again(), { everyMs: 1000, cares: (c) => c.call_id === id });
    useShortcuts({
        Escape: close,
        ...(next ? { j: next, ArrowDown: next } : {}),
        ...(prev ? { k: prev, ArrowUp: prev } : {}),
    });
    return (
        <aside class="drawer" aria-label="Call">
            <header>
                <h2 ref={title} tabIndex={-1}>
                    {data ? <Text of={f.what(data.call)} /> : 'Call'}
                </h2>
                <button type="button" class="quiet" aria-label="Previous call" disabled={!prev} onClick={prev}>
                    ↑
                </button>
                <button type="button" class="quiet" aria-label="Next call" disabled={!next} onClick={next}>
                    ↓
                </button>
                <button type="button" class="quiet" aria-label="Close" onClick={close}>
                    ✕
                </button>
            </header>
            <p class="faint">
                <Id screen="calls" id={id} what="call id" />
            </p>
            <div class="drawer-body" tabIndex={0} role="region" aria-label="Details">
                {error ? (
                    <Failed error={error} again={again} />
                ) : data ? (
                    <Whole why={data} />
                ) : (
                    <Loading what="the call" />
                )}
            </div>
        </aside>
    );
}
