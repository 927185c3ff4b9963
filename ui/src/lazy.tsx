/* lazy.tsx - a screen whose script is loaded when it is opened. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failed, Loading } from './parts';

export function lazily(what: string, load: () => Promise<ComponentType>): ComponentType {
    let loaded: ComponentType | null = null;
    return function Lazy() {
        const [Screen, setScreen] = useState<ComponentType | null>(() => loaded),
            [error, setError] = useState<Error | null>(null),
            [turn, setTurn] = useState(0);
        useEffect(() => {
            if (loaded) return;
            load().then(
                (c) => {
                    loaded = c;
                    setScreen(() => c);
                },
                () => setError(new Error('This part of the page could not be loaded.')),
            );
        }, [turn]);
        const again = () => {
            setError(null);
            setTurn(turn + 1);
        };
        if (error) return <Failed error={error} again={again} />;
        return Screen ? <Screen /> : <Loading what={what} />;
    };
}
