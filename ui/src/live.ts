/*
 * live.ts - what happens now: the daemon's feed, read once for the whole page.
 *
 * Messages only wake the screens up, which then ask the API with their own filters: so a live list can never show
 * what a search would not. After a break the feed goes on where it stopped (Last-Event-ID).
 */
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { session, stream } from './api';

export type Message = { kind: 'call' | 'limit' | 'event' | 'tick'; id: string; data: Record<string, unknown> };
export const feed = signal<'off' | 'live' | 'waiting'>('off');

const RETRY_MS = 500,
    RETRY_MS_MAX = 15000;
const listeners = new Set<(m: Message) => void>();
let lastId = '';

function tell(m: Message): void {
    for (const fn of listeners) fn(m);
}

/* Cuts a stream of server-sent events into messages; what is not ended yet is kept. */
export function cutter(on: (m: Message) => void): (text: string) => void {
    let rest = '';
    return (text) => {
        const blocks = (rest + text).split(/\r?\n\r?\n/);
        rest = blocks.pop()!;
        for (const block of blocks) {
            const m: Message = { kind: 'tick', id: '', data: {} };
            let data = '';
            for (const line of block.split(/\r?\n/)) {
                const at = line.indexOf(':'),
                    name = line.slice(0, at),
                    value = line.slice(at + 1).replace(/^ /, '');
                if (name === 'event') m.kind = value === 'gap' ? 'tick' : (value as Message['kind']);
                else if (name === 'id') m.id = value;
                else if (name === 'data') data += value;
            }
            if (!data) {
                if (m.id) lastId = m.id; /* nothing new up to there */
                continue;
            }
            try {
                m.data = JSON.parse(data);
            } catch {
                continue; /* a message that a newer daemon writes otherwise */
            }
            on(m);
        }
    };
}

async function read(stop: AbortSignal): Promise<void> {
    const r = await stream('/feed', lastId, stop);
    const reader = r.body!.pipeThrough(new TextDecoderStream()).getReader();
    const take = cutter((m) => {
        lastId = m.id || lastId;
        tell(m);
    });
    feed.value = 'live';
    tell({ kind: 'tick', id: '', data: {} }); /* what came while nobody listened */
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
    }
}

const pause = (ms: number, stop: AbortSignal) =>
    new Promise<void>((go) => {
        const t = setTimeout(go, ms);
        stop.addEventListener('abort', () => {
            clearTimeout(t);
            go();
        });
    });

async function follow(stop: AbortSignal): Promise<void> {
    let wait = RETRY_MS;
    while (!stop.aborted) {
        const began = Date.now();
        try {
            await read(stop);
        } catch {
            if (stop.aborted) return;
        }
        if (Date.now() - began > RETRY_MS_MAX) wait = RETRY_MS;
        feed.value = 'waiting';
        await pause(wait, stop);
        wait = Math.min(wait * 2, RETRY_MS_MAX);
    }
}

/* From sign-in to sign-out. */
export function startFeed(): void {
    let stop: AbortController | null = null;
    effect(() => {
        const isIn = session.value !== null;
        if (isIn && !stop) {
            stop = new AbortController();
            void follow(stop.signal);
        } else if (!isIn && stop) {
            stop.abort();
            stop = null;
            lastId = '';
            feed.value = 'off';
        }
    });
}

interface Wakes {
    everyMs?: number;
    cares?: (data: Record<string, unknown>) => boolean; /* whether that message is about what the screen shows */
}

/* Runs `fn` when something came, at most once every `everyMs`: a busy daemon must not keep the page busy. */
export function useLive(kinds: Message['kind'][], fn: () => void, { everyMs = 500, cares }: Wakes = {}): void {
    const latest = useRef({ fn, cares });
    latest.current = { fn, cares };
    useEffect(() => {
        let timer = 0,
            last = 0;
        const run = () => {
            timer = 0;
            last = Date.now();
            latest.current.fn();
        };
        const on = (m: Message) => {
            const isOurs = kinds.includes(m.kind) && (latest.current.cares?.(m.data) ?? true);
            if ((m.kind === 'tick' || isOurs) && !timer)
                timer = window.setTimeout(run, Math.max(0, last + everyMs - Date.now()));
        };
        listeners.add(on);
        return () => {
            listeners.delete(on);
            clearTimeout(timer);
        };
    }, [kinds.join(), everyMs]);
}
