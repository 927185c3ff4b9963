/* stop.tsx - the stop button, on every screen. Stopping is one press; going on again asks for the word. */
import { useEffect, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { get, may, post } from './api';
import { say } from './announce';
import { Dialog, Failed, Field } from './parts';
import { useLive } from './live';
import type { Health } from './types';

const LOOK_MS = 5000;

export const health = signal<Health | null>(null);
export const isStopOpen = signal(false);

export async function readHealth(): Promise<void> {
    await get<Health>('/health').then(
        (h) => {
            health.value = h;
        },
        () => {
            health.value = null;
        },
    );
}

/* A reload by signal comes without an event. Asked without the session: one that looks by itself would never be idle. */
async function lookForReload(): Promise<void> {
    const ready = await fetch('/readyz', { credentials: 'omit' })
        .then((r) => r.json())
        .catch(() => null); /* the feed says that the daemon is gone */
    if (ready && health.value && ready.reload_refused_at !== health.value.reload_refused_at) await readHealth();
}

function StopDialog() {
    const h = health.value,
        isKilled = !!h?.killed;
    const [error, setError] = useState<Error | null>(null);
    const submit = async (e: Event) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget as HTMLFormElement),
            t0 = performance.now();
        try {
            if (isKilled) await post('/unkill');
            else await post('/kill' + (form.get('now') ? '?now=1' : ''), { reason: String(form.get('reason')) });
            say(isKilled ? 'Calls are let through again.' : `Stopped in ${Math.round(performance.now() - t0)} ms.`);
            isStopOpen.value = false;
        } catch (why) {
            setError(why as Error);
        }
        await readHealth();
    };
    return (
        <Dialog
            title={isKilled ? 'Let calls through again' : 'Stop everything'}
            close={() => {
                isStopOpen.value = false;
            }}>
            <form onSubmit={submit}>
                {isKilled ? (
                    <>
                        <p>Every agent may call again, within its policy and limits.</p>
                        <Field name="word" label="Type “go on” to confirm" required pattern="go on" autofocus />
                        <button type="submit" class="primary">
                            Let calls through
                        </button>
                    </>
                ) : (
                    <>
                        <p>
                            Every call of every agent is refused from now on, also after a restart, until somebody lets
                            calls through again.{' '}
                            {h ? (
                                <strong>
                                    {h.open_calls === 1 ? '1 call is' : `${h.open_calls} calls are`} under way now.
                                </strong>
                            ) : null}
                        </p>
                        <Field
                            name="reason"
                            label="Why"
                            required
                            autofocus
                            maxLength={500}
                            hint="agents and the record are told"
                        />
                        <label class="check">
                            <input type="checkbox" name="now" /> end answers that are streaming now, too
                        </label>
                        <button type="submit" class="danger">
                            Stop everything
                        </button>
                    </>
                )}
                {error && <Failed error={error} />}
            </form>
        </Dialog>
    );
}

export function Stop() {
    useLive(['event', 'call'], () => void readHealth(), { everyMs: 2000 });
    useEffect(() => {
        const t = setInterval(() => {
            if (!document.hidden) void lookForReload();
        }, LOOK_MS);
        return () => clearInterval(t);
    }, []);
    const isKilled = health.value?.killed;
    return (
        <>
            <button
                type="button"
                class={isKilled ? 'stop stop-on' : 'stop'}
                disabled={!may('operator')}
                title={may('operator') ? 'Stop every agent (x)' : 'Your role may not stop agents'}
                onClick={() => {
                    isStopOpen.value = true;
                }}>
                <span aria-hidden="true">■</span> {isKilled ? 'Stopped' : 'Stop'}
            </button>
            {isStopOpen.value && <StopDialog />}
        </>
    );
}

export function StopBanner() {
    if (!health.value?.killed) return null;
    return (
        <div class="banner" role="alert">
            <strong>Everything is stopped.</strong> Every call is refused.
            {may('operator') && (
                <button
                    type="button"
                    onClick={() => {
                        isStopOpen.value = true;
                    }}>
                    Let calls through …
                </button>
            )}
        </div>
    );
}
