/* limits.ts - limits as people ask for them: which apply to a key, and which are closest to full. */
import * as f from './format';
import type { Amount, Bucket, Key, Limit } from './types';

export interface Filled {
    limit: Limit;
    bucket: Bucket;
    taken: number;
    settled: number;
    held: number;
}

/* The most that a counter can take now: its limit's max, and what raises add for a while. */
export function mostNow(limit: Limit, bucket: Bucket): Amount | null {
    return limit.max !== null && bucket.raised !== undefined
        ? f.plus(limit.meter, limit.max, bucket.raised)
        : limit.max;
}

export function fill(limit: Limit, bucket: Bucket): Filled {
    const max = mostNow(limit, bucket),
        settled = f.share(limit.meter, [bucket.settled], max),
        held = f.share(limit.meter, [bucket.held], max);
    return { limit, bucket, taken: settled + held, settled, held };
}

/* All counters in use, the fullest first. */
export function closest(limits: Limit[]): Filled[] {
    return limits
        .filter((l) => l.max !== null)
        .flatMap((l) => l.buckets.map((b) => fill(l, b)))
        .sort((a, b) => b.taken - a.taken);
}

/* "agent=a,run=-/a/r" -> {agent: "a", run: "-/a/r"}; what separates is written as %XX in values. */
function partsOf(bucket: string): Map<string, string> {
    return new Map(
        bucket
            .split(',')
            .filter((p) => p.includes('='))
            .map((p) => {
                const at = p.indexOf('=');
                return [p.slice(0, at), p.slice(at + 1)];
            }),
    );
}

/* A value as buckets write it. */
const written = (text: string | null) =>
    !text
        ? '-'
        : text === '-'
          ? '%2D'
          : text.replace(/[%,/=]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

/* Whether calls with this key count there; what the key does not decide (a customer, a run) fits any. */
function bucketFits(bucket: string, key: Key): boolean {
    const parts = partsOf(bucket),
        mine: Record<string, string> = {
            key: written(key.id),
            agent: written(key.agent),
            tenant: written(key.tenant),
        };
    for (const [name, value] of Object.entries(mine)) if (parts.has(name) && parts.get(name) !== value) return false;
    const run = parts.get('run')?.split('/');
    return !run || (run[0] === mine.tenant && run[1] === mine.agent);
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/*
 * A pattern of a document: `*` for a whole segment, or at the end for any rest. Nothing fits an absent value. Who is in
 * a set is not known here, so it fits: a limit too many is shown rather than one too few.
 */
function patternFits(pattern: string, value: string): boolean {
    if (!value) return false;
    if (pattern.startsWith('set:')) return true;
    const isOpen = pattern.endsWith('*'),
        begin = (isOpen ? pattern.slice(0, -1) : pattern).split('*').map(literal).join('[^.]+');
    return new RegExp(`^${begin}${isOpen ? '.*' : ''}$`, 's').test(value);
}

/* Empty: the key has none of that name. */
const labelOf = (key: Key, name: string) =>
    key.labels?.find((l) => l.startsWith(name + '='))?.slice(name.length + 1) ?? '';

function matchFits(match: Record<string, string[]>, key: Key): boolean {
    const mine: Record<string, string> = { key: key.id, agent: key.agent, tenant: key.tenant ?? '' };
    for (const name of Object.keys(match)) if (name.startsWith('label.')) mine[name] = labelOf(key, name.slice(6));
    return Object.entries(mine).every(
        ([name, value]) => !match[name] || match[name]!.some((p) => patternFits(p, value)),
    );
}

export interface Effective {
    limit: Limit;
    from: string;
    buckets: Filled[];
}

/* Every limit that a call with this key meets: its own, those of its document, and those of all above it. */
export function effective(limits: Limit[], key: Key): Effective[] {
    return limits
        .filter((l) => l.max !== null && (l.key === key.id || (l.documents ?? [l.policy]).includes(key.policy)))
        .filter((l) => matchFits(l.match ?? {}, key))
        .map((l) => ({
            limit: l,
            from: l.key ? 'this key' : `policy ${l.policy}${l.policy === key.policy ? '' : ', which it extends'}`,
            buckets: l.buckets
                .filter((b) => (l.key ? true : b.mode === key.mode && bucketFits(b.bucket, key)))
                .map((b) => fill(l, b))
                .sort((a, b) => b.taken - a.taken),
        }));
}

/* "50.00 USD a day": the most, in words. */
export function most(l: Limit): string {
    const per: Record<string, string> = {
        call: 'a call',
        minute: 'a minute',
        hour: 'an hour',
        day: 'a day',
        week: 'a week',
        month: 'a month',
        run: 'a run',
        lifetime: 'in all',
        instant: 'at once',
    };
    const [kind, more] = [l.window.split(':')[0]!, l.window.split(':')[1]];
    const zone = more && kind !== 'sliding' ? ` in ${more}` : '';
    const window = kind === 'sliding' ? `in any ${more}` : `${per[kind] ?? l.window}${zone}`;
    return `${f.amount(l.meter, l.max)} ${window}${l.by.length ? ` for each ${l.by.join(' and ')}` : ''}`;
}

/* What it counts: "class money_out, vendor stripe"; everything when it names nothing. */
export function counts(l: Limit): string {
    const parts = Object.entries(l.match ?? {}).map(([k, v]) => `${k} ${v.join(' or ')}`);
    const what = parts.length ? parts.join(', ') : 'every call';
    return l.when ? `${what}, if ${l.when}` : what;
}
