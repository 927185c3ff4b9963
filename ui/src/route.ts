/*
 * route.ts - which screen, and what it shows, as the address says: #/calls?verdict=deny. Everything that a viewer chose
 * stands there, so that a reload, a bookmark and a link that is sent to somebody show the same.
 */
import { signal } from '@preact/signals';

export interface Route {
    screen: string;
    id: string;
    query: URLSearchParams;
}

function read(): Route {
    const [path, search] = location.hash.replace(/^#\/?/, '').split('?', 2) as [string, string | undefined];
    const [screen, ...rest] = path.split('/');
    return { screen: screen || 'overview', id: decode(rest.join('/')), query: new URLSearchParams(search ?? '') };
}

/* An address that somebody mistyped is a name that finds nothing, not a page that fails. */
function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

export const route = signal<Route>(read());
addEventListener('hashchange', () => {
    route.value = read();
});

export type Params = Record<string, string | undefined | null>;

export function href(screen: string, id = '', params: Params = {}): string {
    const q = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) if (value) q.set(name, value);
    const text = q.toString();
    return '#/' + screen + (id ? '/' + encodeURIComponent(id) : '') + (text ? '?' + text : '');
}

export function go(to: string): void {
    if (location.hash !== to) location.hash = to;
}

/* Changes what the address says of this screen; null takes a parameter away. `quiet`: Back does not return to it. */
export function set(params: Params, quiet = false): void {
    const now = read(); /* the address is ahead of `route` until its event comes: another choice may stand there */
    const q = now.query;
    for (const [name, value] of Object.entries(params)) {
        if (value) q.set(name, value);
        else q.delete(name);
    }
    const to = href(now.screen, now.id, Object.fromEntries(q));
    if (!quiet) {
        go(to);
        return;
    }
    history.replaceState(null, '', to);
    route.value = read();
}

export function param(name: string): string {
    return route.value.query.get(name) ?? '';
}
