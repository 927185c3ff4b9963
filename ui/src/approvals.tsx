/* approvals.tsx - what waits for a person: the action in plain words, who is behind it, and how long there is. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { get, may, post } from './api';
import { say } from './announce';
import * as f from './format';
import { useShortcuts } from './keys_help';
import { useLive } from './live';
import { useLoad } from './load';
import { Card, Copy, Dialog, Empty, Facts, Failed, Field, Id, Loading, Money, Plain, Text, When } from './parts';
import { route } from './route';
import type { Approval } from './types';

const TICK_MS = 5000,
    OPEN_MAX = 1000;
const isAbout = (d: Record<string, unknown>) => String(d.event ?? '').startsWith('approval.');

/* How many wait: the badge in the navigation. */
export const waiting = signal(0);

export async function readWaiting(): Promise<void> {
    await get<{ approvals: Approval[] }>('/approvals').then(
        (r) => {
            waiting.value = r.approvals.length;
        },
        () => {
            waiting.value = 0;
        },
    );
}

export function Badge() {
    useLive(['event'], () => void readWaiting(), { everyMs: 1000, cares: isAbout });
    if (!waiting.value) return null;
    return (
        <span class="badge">
            {waiting.value > 99 ? '99+' : waiting.value}
            <span class="unseen"> waiting</span>
        </span>
    );
}

const words = (a: Approval) => a.who?.text ?? a.action.text;

/* --- deciding ----------------------------------------------------------------------------------------------------- */

type Saying = { of: Approval; isYes: boolean };

function Decide({ of, isYes, close, done }: Saying & { close: () => void; done: () => void }) {
    const [error, setError] = useState<Error | null>(null);
    const submit = async (e: Event) => {
        e.preventDefault();
        const text = String(new FormData(e.currentTarget as HTMLFormElement).get('text') ?? '').trim();
        try {
            const body = text ? { [isYes ? 'note' : 'reason']: text } : {};
            const r = await post<Approval>(`/approvals/${encodeURIComponent(of.id)}/${isYes ? 'approve' : 'deny'}`, body);
            say(
                r.state === 'approved'
                    ? 'Approved: it may be made once.'
                    : r.state === 'denied'
                      ? 'Denied: the agent is told.'
                      : `Your yes counts: ${r.yes} of ${r.quorum}.`,
            );
            done();
        } catch (why) {
            setError(why as Error);
        }
    };
    return (
        <Dialog title={isYes ? 'Approve this once' : 'Deny'} close={close}>
            <form onSubmit={submit}>
                <p>
                    <strong>
                        <Text of={words(of)} />
                    </strong>
                </p>
                <Field
                    name="text"
                    label={isYes ? 'Note' : 'Why not'}
                    autofocus
                    maxLength={500}
                    hint={isYes ? 'for the record' : 'the agent is told'}
                />
                {error && <Failed error={error} />}
                <button type="submit" class={isYes ? 'primary' : 'danger'}>
                    {isYes ? 'Approve once' : 'Deny'}
                </button>
            </form>
        </Dialog>
    );
}

/* --- one that waits ----------------------------------------------------------------------------------------------- */

const valueText = (v: unknown) => (typeof v === 'string' ? v : JSON.stringify(v));

function Values({ of }: { of: Record<string, unknown> }) {
    const rows = Object.entries(of).map(([name, v]) => [<Text of={name} />, <Text of={valueText(v)} />]);
    return rows.length ? <Plain label="Values of the request" head={['value', 'is']} rows={rows} /> : null;
}

function details({ action: a, who, ...of }: Approval): [string, ComponentChildren][] {
    return [
        ['Amount', a.currency ? f.vendorAmount(a) : ''],
        ['Costs at most', a.cost ? <Money of={a.cost} /> : ''],
        ['Customer', who?.customer && <Id screen="customers" id={who.customer} what="the customer" />],
        ['On behalf of', who?.user && <Text of={who.user_is_proven ? who.user : `${who.user} (only claimed)`} />],
        ['Agent', <Text of={a.agent} />],
        ['Owner', who?.owner && <Text of={who.owner} />],
        ['Run', a.run_id && <Id screen="runs" id={a.run_id} params={{ agent: a.agent }} what="the run" />],
        ['Operation', <Text of={`${a.operation} (${a.class}, ${a.mode})`} />],
        ['Asked for by', <Text of={of.asks.join(', ')} />],
        ['Why', <Text of={a.reason} />],
        ['Tenant', of.tenant && <Text of={of.tenant} />],
        ['Said yes', of.quorum > 1 ? `${of.yes} of ${of.quorum}` : ''],
    ];
}

interface WaitingProps {
    of: Approval;
    isAt: boolean;
    take: () => void;
    decide: (isYes: boolean) => void;
}

function Waiting({ of, isAt, take, decide }: WaitingProps) {
    const mayDecide = may('approver'),
        title = mayDecide ? undefined : 'Your role may not decide';
    return (
        <article
            class={'approval' + (isAt ? ' approval-at' : '')}
            aria-label={f.visible(words(of))}
            data-id={of.id}
            tabIndex={-1}
            onFocusCapture={take}>
            <h2>
                <Text of={words(of)} />
            </h2>
            <p>
                Asked <When at={of.asked_at} ago />; refused if nobody answers <When at={of.expires_at} ago />.{' '}
                <span class="faint">
                    <Text of={of.id} />
                </span>{' '}
                <Copy text={of.id} what="the approval’s id" />
            </p>
            <Facts rows={details(of)} />
            {of.who && <Values of={of.who.params} />}
            {of.who?.is_cut && <p class="faint">The request has more values than can be shown; the yes covers all.</p>}
            <div class="actions">
                <button type="button" class="primary" disabled={!mayDecide} title={title} onClick={() => decide(true)}>
                    Approve …
                </button>{' '}
                <button type="button" class="stop" disabled={!mayDecide} title={title} onClick={() => decide(false)}>
                    Deny …
                </button>
            </div>
        </article>
    );
}

/* --- what was decided --------------------------------------------------------------------------------------------- */

function Decided({ rows }: { rows: Approval[] }) {
    if (!rows.length) return null;
    return (
        <Card title="Decided since the start" class="wide">
            <Plain
                label="Decided since the start"
                head={['state', 'what', 'said', 'by', 'when', 'call']}
                rows={rows.map((a) => {
                    const last = a.votes.at(-1);
                    return [
                        <span class={'chip chip-' + a.state}>{a.state}</span>,
                        <Text of={words(a)} />,
                        <Text of={last?.note ?? ''} />,
                        <Text of={a.votes.map((v) => v.by).join(', ')} />,
                        <When at={a.decided_at ?? a.expires_at} ago />,
                        a.used_by ? <Id screen="calls" id={a.used_by} what="the call" short /> : '',
                    ];
                })}
            />
        </Card>
    );
}

/* --- the screen --------------------------------------------------------------------------------------------------- */

interface Lists {
    open: Approval[];
    decided: Approval[];
}

/* Two questions, because the newest of all may be decided ones only, and an old one waits. */
async function read(signal: AbortSignal): Promise<Lists> {
    const [open, all] = await Promise.all([
        get<{ approvals: Approval[] }>('/approvals', { limit: OPEN_MAX }, signal),
        get<{ approvals: Approval[] }>('/approvals', { all: '1' }, signal),
    ]);
    return { open: open.approvals, decided: all.approvals.filter((a) => a.state !== 'pending') };
}

/* Moves the focus by cards: j and k. */
function focusCard(by: number, ids: string[], at: string): void {
    const i = ids.indexOf(at),
        next = ids[i < 0 ? 0 : Math.max(0, Math.min(ids.length - 1, i + by))];
    document.querySelector<HTMLElement>(`.approval[data-id="${CSS.escape(next ?? '')}"]`)?.focus();
}

export function Approvals() {
    const load = useLoad('approvals', read, TICK_MS);
    const [at, setAt] = useState(route.value.id),
        [saying, setSaying] = useState<Saying | null>(null);
    const open = load.data?.open ?? [],
        ids = open.map((a) => a.id);
    const current = useRef<Approval | undefined>(undefined);
    current.current = open.find((a) => a.id === at) ?? open[0];
    useLive(['event'], load.again, { everyMs: 500, cares: isAbout });
    const decide = (isYes: boolean) => {
        if (current.current && may('approver')) setSaying({ of: current.current, isYes });
    };
    useShortcuts({
        j: () => focusCard(1, ids, at),
        k: () => focusCard(-1, ids, at),
        ArrowDown: () => focusCard(1, ids, at),
        ArrowUp: () => focusCard(-1, ids, at),
        a: () => decide(true),
        d: () => decide(false),
    });
    return (
        <>
            <h1>Approvals</h1>
            {load.error ? (
                <Failed error={load.error} again={load.again} />
            ) : !load.data ? (
                <Loading what="approvals" />
            ) : null}
            {load.data && !open.length && (
                <Empty>
                    Nothing waits for a person. Rules of effect approve, and limits that may be passed with a yes, ask
                    here.
                </Empty>
            )}
            {open.map((a) => (
                <Waiting
                    key={a.id}
                    of={a}
                    isAt={a.id === current.current?.id}
                    take={() => setAt(a.id)}
                    decide={(isYes) => setSaying({ of: a, isYes })}
                />
            ))}
            <Decided rows={load.data?.decided ?? []} />
            {saying && (
                <Decide
                    {...saying}
                    close={() => setSaying(null)}
                    done={() => {
                        setSaying(null);
                        load.again();
                        void readWaiting();
                    }}
                />
            )}
        </>
    );
}
