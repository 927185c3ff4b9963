/* parts.tsx - the small things that every screen is made of. Text from outside goes through <Text>. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import * as f from './format';
import { href, type Params } from './route';
import { say } from './announce';
import type { Call, Money as MoneyOf, Outcome, Verdict } from './types';

/* What somebody outside wrote: shown as it is, with invisible characters made visible. */
export function Text({ of }: { of: string | null | undefined }) {
    return <bdi>{f.visible(of ?? '')}</bdi>;
}

export function Copy({ text, what }: { text: string; what: string }) {
    const [done, setDone] = useState(false);
    const copy = async (e: Event) => {
        e.stopPropagation();
        await navigator.clipboard.writeText(text).then(
            () => setDone(true),
            () => say('Copying is not allowed here.'),
        );
        say(`Copied ${what}.`);
        setTimeout(() => setDone(false), 1200);
    };
    return (
        <button type="button" class="copy" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
            {done ? (
                '✓'
            ) : (
                <svg viewBox="0 0 16 16" aria-hidden="true">
                    <path d="M5.500 2.500h7v9M3.500 4.500h7v9h-7z" />
                </svg>
            )}
        </button>
    );
}

interface IdProps {
    screen: string;
    id: string | null | undefined;
    params?: Params;
    what: string;
    short?: boolean;
    still?: boolean;
}

/* An id as a link, with a button that copies it. `still`: in a list, where Tab must not stop at every row. */
export function Id({ screen, id, params, what, short, still }: IdProps) {
    if (!id) return <span class="none">none</span>;
    const shown = short && id.length > 14 ? id.slice(0, 6) + '…' + id.slice(-6) : id;
    return (
        <span class="id">
            <a
                href={href(screen, screen === 'calls' ? '' : id, screen === 'calls' ? { call: id, ...params } : params)}
                title={id}
                tabIndex={still ? -1 : undefined}>
                <Text of={shown} />
            </a>
            {!still && <Copy text={id} what={what} />}
        </span>
    );
}

const HOW: Record<string, string> = {
    parsed: 'read from the vendor’s answer',
    priced: 'worked out from the price table',
    estimated: 'the most it could be, before the call',
    unknown: 'not known',
};

export function Money({ of, none = '—' }: { of: MoneyOf | null | undefined; none?: string }) {
    if (!of) return <span class="none">{none}</span>;
    return (
        <span class="money">
            {f.usd(of.usd)}{' '}
            <abbr class={'how how-' + of.how} title={HOW[of.how]}>
                {of.how}
            </abbr>
        </span>
    );
}

const VERDICTS: Record<Verdict, [string, string]> = {
    permit: ['✓', 'permitted'],
    deny: ['✕', 'denied'],
    approve: ['◔', 'needs approval'],
};

export function VerdictChip({ of }: { of: Verdict }) {
    const [mark, word] = VERDICTS[of] ?? ['?', of];
    return (
        <span class={'chip chip-' + of}>
            <span aria-hidden="true">{mark}</span> {word}
        </span>
    );
}

export function OutcomeChip({ of, isOpen }: { of: Outcome; isOpen: boolean }) {
    if (isOpen)
        return (
            <span class="chip chip-open">
                <span aria-hidden="true">●</span> open
            </span>
        );
    if (of === 'unknown')
        return (
            <span class="chip chip-unknown">
                <span aria-hidden="true">?</span> unknown
            </span>
        );
    return <span class="faint">{of ?? ''}</span>;
}

export function Layer({ of }: { of: string | null }) {
    return of ? <span class={'layer layer-' + of}>{of === 'llm' ? 'LLM' : 'SaaS'}</span> : <span class="none">—</span>;
}

/* Local time; the whole of it in UTC on hover. */
export function When({ at, ago }: { at: string | null | undefined; ago?: boolean }) {
    if (!at) return <span class="none">—</span>;
    return (
        <time dateTime={at} title={`${at} (UTC)\n${new Date(at).toString()}`}>
            {ago ? f.relative(at) : f.when(at)}
        </time>
    );
}

/* How much of a limit is taken: spent and held apart. */
export function Meter({ settled, held, label }: { settled: number; held: number; label: string }) {
    const full = settled + held,
        w = (x: number) => Math.max(0, Math.min(100, x * 100));
    const level = full >= 1 ? 'full' : full >= 0.8 ? 'near' : 'ok';
    return (
        <svg
            class={'meter meter-' + level}
            viewBox="0 0 100 6"
            preserveAspectRatio="none"
            role="img"
            aria-label={label}>
            <rect class="meter-room" width="100" height="6" />
            <rect class="meter-settled" width={w(settled)} height="6" />
            <rect class="meter-held" x={w(settled)} width={w(full) - w(settled)} height="6" />
        </svg>
    );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
    return (
        <dl class="facts">
            {rows
                .filter(([, v]) => v !== null && v !== undefined && v !== '' && v !== false)
                .map(([k, v]) => (
                    <div key={k}>
                        <dt>{k}</dt>
                        <dd>{v}</dd>
                    </div>
                ))}
        </dl>
    );
}

export function Failed({ error, again }: { error: Error; again?: () => void }) {
    return (
        <div class="failed" role="alert">
            <strong>This could not be shown.</strong> <Text of={error.message} />
            {again && (
                <button type="button" onClick={again}>
                    Try again
                </button>
            )}
        </div>
    );
}

/* After a moment: what is quick should not flicker. */
export function Loading({ what }: { what: string }) {
    const [since] = useState(Date.now),
        [now, setNow] = useState(since);
    useEffect(() => {
        const t = setInterval(() => setNow(Date.now()), 500);
        return () => clearInterval(t);
    }, []);
    return now - since < 400 ? (
        <div class="loading" />
    ) : (
        <div class="loading" role="status">
            Loading {what} … {Math.round((now - since) / 1000)} s
        </div>
    );
}

export function Empty({ children }: { children: ComponentChildren }) {
    return <div class="empty">{children}</div>;
}

export function Card({
    title,
    more,
    children,
    class: name = '',
}: {
    title: string;
    more?: ComponentChildren;
    children: ComponentChildren;
    class?: string;
}) {
    return (
        <section class={'card ' + name} aria-label={title}>
            <header>
                <h2>{title}</h2>
                {more}
            </header>
            {children}
        </section>
    );
}

/* A table of a few rows; long ones are <Rows>. */
export function Plain({ head, rows, label }: { head: string[]; rows: ComponentChildren[][]; label: string }) {
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={label}>
            <table class="plain">
                <thead>
                    <tr>
                        {head.map((h) => (
                            <th scope="col" key={h}>
                                {h}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((r, i) => (
                        <tr key={i}>
                            {r.map((c, k) => (
                                <td key={k}>{c}</td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/* The browser's own modal dialog: it keeps the focus inside, Escape closes it, and the focus returns. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
    const ref = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const before = document.activeElement as HTMLElement | null;
        ref.current?.showModal();
        return () => (before?.isConnected ? before.focus() : undefined);
    }, []);
    return (
        <dialog
            ref={ref}
            aria-label={title}
            onClose={close}
            onClick={(e) => {
                if (e.target === ref.current) ref.current?.close();
            }}>
            <div class="dialog">
                <header>
                    <h2>{title}</h2>
                    <button type="button" class="quiet" aria-label="Close" onClick={() => ref.current?.close()}>
                        ✕
                    </button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

interface FieldProps {
    name: string;
    label: string;
    hint?: string;
    isSecret?: boolean;
    required?: boolean;
    autofocus?: boolean;
    pattern?: string;
    maxLength?: number;
    value?: string;
    placeholder?: string;
}

export function Field({ name, label, hint, isSecret, ...rest }: FieldProps) {
    const described = hint ? `h-${name}` : undefined;
    return (
        <div class="field">
            <label for={'f-' + name}>{label}</label>
            {isSecret ? (
                <input
                    id={'f-' + name}
                    name={name}
                    type="password"
                    autocomplete="off"
                    aria-describedby={described}
                    {...rest}
                />
            ) : (
                <input
                    id={'f-' + name}
                    name={name}
                    autocomplete="off"
                    spellcheck={false}
                    aria-describedby={described}
                    {...rest}
                />
            )}
            {hint && (
                <p class="hint" id={'h-' + name}>
                    {hint}
                </p>
            )}
        </div>
    );
}

export function Pick({
    name,
    label,
    value,
    options,
    onPick,
}: {
    name: string;
    label: string;
    value: string;
    options: [string, string][];
    onPick: (v: string) => void;
}) {
    return (
        <div class="field">
            <label for={'f-' + name}>{label}</label>
            <select id={'f-' + name} name={name} value={value} onChange={(e) => onPick(e.currentTarget.value)}>
                {options.map(([v, text]) => (
                    <option key={v} value={v}>
                        {text}
                    </option>
                ))}
            </select>
        </div>
    );
}

export const tone = (c: Pick<Call, 'verdict' | 'outcome' | 'ended_at'>): string =>
    c.verdict !== 'permit' ? 'deny' : c.outcome === 'unknown' ? 'unknown' : c.ended_at ? 'ok' : 'open';
