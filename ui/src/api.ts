/*
 * api.ts - asks the admin API, as whoever is signed in.
 *
 * A session is an HttpOnly cookie that no script can read, and a CSRF token that goes with every change; a bearer token
 * that somebody pasted lives in this module's memory only and is gone with the page.
 */
import { signal } from '@preact/signals';
import type { Session } from './types';

export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly body: unknown = null,
    ) {
        super(message);
    }
}

export const session = signal<Session | null>(null);
let bearer = '';
let csrf = '';

type Query = Record<string, string | number | undefined | null>;

export function query(params: Query): string {
    const q = new URLSearchParams();
    for (const [name, value] of Object.entries(params))
        if (value !== undefined && value !== null && value !== '') q.set(name, String(value));
    const text = q.toString();
    return text && '?' + text;
}

function headers(more: Record<string, string> = {}): Record<string, string> {
    const h = { ...more };
    if (bearer) h.authorization = 'Bearer ' + bearer;
    if (csrf) h['x-flyball-csrf'] = csrf;
    return h;
}

/* The answer's body, or an ApiError with the sentence that the daemon gave. Signs out when the session is over. */
async function ask(method: string, path: string, init: RequestInit): Promise<Response> {
    let r: Response;
    try {
        r = await fetch(path, { ...init, method, credentials: 'same-origin', cache: 'no-store' });
    } catch (e) {
        if ((e as Error).name === 'AbortError') throw e;
        throw new ApiError(0, 'unreachable', 'The daemon does not answer. Is it running?');
    }
    if (r.ok) return r;
    const body = await r.json().catch(() => null);
    if (r.status === 401 && session.value) forget();
    throw new ApiError(r.status, body?.error?.code ?? 'failed', body?.error?.message ?? `HTTP ${r.status}`, body);
}

export async function get<T>(path: string, params: Query = {}, signal?: AbortSignal): Promise<T> {
    const r = await ask('GET', '/api/v1' + path + query(params), { headers: headers(), signal });
    return r.json() as Promise<T>;
}

export async function post<T>(path: string, body: unknown = {}): Promise<T> {
    const r = await ask('POST', '/api/v1' + path, {
        headers: headers({ 'content-type': 'application/json' }),
        body: JSON.stringify(body),
    });
    return r.json() as Promise<T>;
}

/* An answer as it is, for files. */
export async function file(path: string, params: Query): Promise<Blob> {
    return (await ask('GET', '/api/v1' + path + query(params), { headers: headers() })).blob();
}

/* The open answer of an event stream. */
export function stream(path: string, lastId: string, signal: AbortSignal): Promise<Response> {
    return ask('GET', '/api/v1' + path, {
        headers: headers({ accept: 'text/event-stream', ...(lastId ? { 'last-event-id': lastId } : {}) }),
        signal,
    });
}

/* --- who is signed in --------------------------------------------------------------------------------------------- */

const SIGNED_IN = 'flyball.signed-in'; /* a session may be there: a stranger's page asks for none */

function accept(s: Session): void {
    csrf = s.csrf ?? '';
    session.value = s;
}

function forget(): void {
    bearer = csrf = '';
    localStorage.removeItem(SIGNED_IN);
    session.value = null;
}

/* A session that an earlier page of this browser began. */
export async function resume(): Promise<void> {
    if (localStorage.getItem(SIGNED_IN)) accept(await get<Session>('/session'));
}

/* The code of a link that `flyball dev` or an administrator gave. */
export async function signInByCode(code: string): Promise<void> {
    accept(await post<Session>('/session', { code }));
    localStorage.setItem(SIGNED_IN, '1');
}

export async function signInByToken(token: string): Promise<void> {
    bearer = token;
    try {
        accept(await get<Session>('/session'));
    } catch (e) {
        bearer = '';
        throw e;
    }
}

export async function signOut(): Promise<void> {
    if (!bearer) await ask('DELETE', '/api/v1/session', { headers: headers() }).catch(() => null);
    forget();
}

/* Whether the one who is signed in may do what that role may; an owner may do everything. */
export function may(role: string): boolean {
    const roles = session.value?.roles ?? [];
    return roles.includes('owner') || roles.includes(role);
}
