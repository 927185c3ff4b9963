/* load.ts - data of a screen: asked for when it shows, asked again when its question changes, given up when it goes. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Loaded<T> {
    data: T | null;
    error: Error | null;
    isLoading: boolean;
    again: () => void;
}

/* `key` is the question as text. What was there stays until the new answer is: nothing jumps. */
export function useLoad<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs = 0): Loaded<T> {
    const [state, setState] = useState<{ key: string; data: T | null; error: Error | null; isLoading: boolean }>({
        key,
        data: null,
        error: null,
        isLoading: true,
    });
    const [turn, setTurn] = useState(0);
    const latest = useRef(ask);
    latest.current = ask;

    useEffect(() => {
        const stop = new AbortController();
        setState((s) => ({ key, data: s.key === key ? s.data : null, error: null, isLoading: true }));
        latest.current(stop.signal).then(
            (data) => setState({ key, data, error: null, isLoading: false }),
            (error) => {
                if (error.name !== 'AbortError') setState((s) => ({ ...s, error, isLoading: false }));
            },
        );
        return () => stop.abort();
    }, [key, turn]);

    useEffect(() => {
        if (!everyMs) return;
        const t = setInterval(() => {
            if (!document.hidden) setTurn((n) => n + 1);
        }, everyMs);
        return () => clearInterval(t);
    }, [key, everyMs]);

    const again = useCallback(() => setTurn((n) => n + 1), []);
    return { data: state.key === key ? state.data : null, error: state.error, isLoading: state.isLoading, again };
}
