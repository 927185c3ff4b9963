/* format.ts - numbers, money and times as text. Money is text from the daemon to the eye: it never becomes a float. */
import type { Amount, Call, Money } from './types';

/* "0.004750000" -> "0.00475", "12.000000000" -> "12.00": no digit that matters is lost. */
export function decimal(text: string): string {
    const m = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
    if (!m) return text;
    const fraction = (m[2] ?? '').replace(/0+$/, '').padEnd(2, '0');
    return `${m[1]}.${fraction}`;
}

export function usd(text: string): string {
    return decimal(text) + ' USD';
}

export function money(m: Money | null): string {
    return m ? usd(m.usd) : '';
}

const NANO = 1_000_000_000n,
    CENT = NANO / 100n;

/* Nano-dollars, for sums; what is no number counts nothing. */
export function nano(text: string): bigint {
    const m = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!m) return 0n;
    const n = BigInt(m[2]!) * NANO + BigInt(((m[3] ?? '') + '000000000').slice(0, 9));
    return m[1] ? -n : n;
}

export function nanoText(n: bigint): string {
    const a = n < 0n ? -n : n;
    return `${n < 0n ? '-' : ''}${a / NANO}.${String(a % NANO).padStart(9, '0')}`;
}

/* To the cent, for where there is little room: "12.35 USD", "< 0.01 USD". The exact amount stands beside it. */
export function usdShort(n: bigint): string {
    const cents = (n + CENT / 2n) / CENT;
    if (n > 0n && n < CENT) return '< 0.01 USD';
    return usd(nanoText(cents * CENT));
}

/* The currency of a meter of money: "usd", "currency:EUR"; empty: it counts other things. */
const currencyOf = (meter: string) =>
    meter === 'usd' ? 'USD' : meter.startsWith('currency:') ? meter.slice('currency:'.length) : '';

/* What a limit counts, in its own unit. Counters of calls hold billionths of a unit of money. */
export function amount(meter: string, n: Amount | null, isNano = false): string {
    if (n === null) return '';
    const currency = currencyOf(meter);
    if (currency) return `${decimal(isNano ? nanoText(BigInt(n)) : String(n))} ${currency}`;
    return `${count(Number(n))} ${meter}`;
}

/* Of two amounts of one meter. */
export function plus(meter: string, a: Amount, b: Amount): Amount {
    return currencyOf(meter) ? nanoText(nano(String(a)) + nano(String(b))) : Number(a) + Number(b);
}

/* 0 to 1 and more: how much of a limit is taken. */
export function share(meter: string, taken: Amount[], max: Amount | null): number {
    if (max === null) return 0;
    const of = (x: Amount) => (currencyOf(meter) ? Number(nano(String(x))) : Number(x));
    const most = of(max);
    return most > 0 ? taken.reduce((sum: number, x) => sum + of(x), 0) / most : 1;
}

/* The vendor's own amount, in its own currency: 500 with exponent 2 is 5.00 EUR. */
export function vendorAmount(c: Pick<Call, 'amount' | 'currency' | 'exponent'>): string {
    return c.amount === null || !c.currency ? '' : `${minor(BigInt(c.amount), c.exponent ?? 2)} ${c.currency}`;
}

/* A sum of a currency's smallest unit, of which it has so many places. */
export function minor(n: bigint, places: number): string {
    const digits = String(n < 0n ? -n : n).padStart(places + 1, '0');
    const text = places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
    return (n < 0n ? '-' : '') + text;
}

export function count(n: number): string {
    return n.toLocaleString('en-US').replaceAll(',', '\u202f');
}

export function calls(n: number): string {
    return `${count(n)} ${n === 1 ? 'call' : 'calls'}`;
}

export function bytes(n: number): string {
    if (n < 1024) return `${n} B`;
    return n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

export function micros(us: number): string {
    if (us < 1000) return `${us} µs`;
    if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 2 : us < 100_000 ? 1 : 0)} ms`;
    return `${(us / 1_000_000).toFixed(us < 60_000_000 ? 2 : 0)} s`;
}

const DAY_MS = 86_400_000;
const two = (n: number) => String(n).padStart(2, '0');

/* Milliseconds since 1970; times of the daemon have up to nine decimals of a second. What is no time is 1970. */
export function at(text: string): number {
    return Date.parse(text) || 0;
}

export function clock(text: string): string {
    const d = new Date(text);
    return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/* Local time, with the day where it is not today. */
export function when(text: string, now = Date.now()): string {
    const d = new Date(text),
        today = new Date(now);
    if (d.toDateString() === today.toDateString()) return clock(text);
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

export function span(ms: number): string {
    const s = Math.abs(ms) / 1000;
    if (s < 1) return `${Math.round(s * 1000)} ms`;
    if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
    if (s * 1000 < DAY_MS) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor((s * 1000) / DAY_MS)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/* Within a run, where calls are milliseconds apart: "12.034 s". */
export function offset(ms: number): string {
    return ms >= 1000 && ms < 100_000 ? `${(ms / 1000).toFixed(3)} s` : span(ms);
}

/* "in 3 h 2 min" or "5 s ago". */
export function relative(text: string, now = Date.now()): string {
    const ms = at(text) - now;
    return ms > 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
}

export const took = (c: Call): string =>
    c.phases?.total !== undefined ? micros(c.phases.total) : c.ended_at ? span(at(c.ended_at) - at(c.started_at)) : '';

/* The call in two or three words: what a viewer looks for first. */
export function what(c: Call): string {
    return c.operation ?? [c.method, c.path].filter(Boolean).join(' ') ?? 'unknown';
}

/* A number in the place of a code point that a viewer cannot see: texts from outside may hold them. */
export function visible(text: string): string {
    return text.replace(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
        (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'),
    );
}

/* --- days of a chart --- */

export const DAY_S = 86400;
const LABEL_PX = 46; /* "11-29", and room around it */

/* As many days with a name as have room, a dozen at most, each at its midnight UTC. */
export function ticks(first: number, last: number, width: number): number[] {
    const most = Math.max(1, Math.min(12, Math.floor(width / LABEL_PX))),
        every = Math.ceil((last - first) / DAY_S / most) || 1,
        at: number[] = [];
    for (let t = last; t >= first; t -= every * DAY_S) at.unshift(t);
    return at;
}
