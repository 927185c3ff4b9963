/* signin.tsx - the provider that the config names, the code of a link, or a token that is pasted and kept in memory only. */
import { useEffect, useState } from 'preact/hooks';
import { get, signInByToken } from './api';
import { Field, Text } from './parts';

interface Ways {
    label: string | null /* of the provider */;
    faults: Record<string, string>;
}

/* `fault`: why a sign-in at the provider did not work, as the address says it; only the daemon's sentences are shown. */
export function SignIn({ note, fault }: { note: string; fault: string }) {
    const [error, setError] = useState(note),
        [isBusy, setBusy] = useState(false);
    const [ways, setWays] = useState<Ways | null>(null);
    useEffect(() => {
        get<Ways>('/sign-in').then(
            (w) => {
                setWays(w);
                if (fault) setError(Object.hasOwn(w.faults, fault) ? w.faults[fault]! : 'The sign-in did not work.');
            },
            () => null /* a link and a token are ways all the same */,
        );
    }, []);
    const submit = async (e: Event) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget as HTMLFormElement);
        setBusy(true);
        setError('');
        await signInByToken(String(form.get('token')).trim()).catch((why) => setError(why.message));
        setBusy(false);
    };
    return (
        <main class="signin">
            <form onSubmit={submit} aria-labelledby="signin-title">
                <h1 id="signin-title">Flyball</h1>
                {error && (
                    <p class="failed" role="alert">
                        {error}
                    </p>
                )}
                {ways?.label && (
                    <>
                        <a class="button primary" href="/api/v1/sign-in/oidc">
                            Sign in with <Text of={ways.label} />
                        </a>
                        <p class="or">or</p>
                    </>
                )}
                <p>
                    Open the sign-in link that <code>flyball dev</code> or an administrator gave you. Or paste an admin
                    token: this page keeps it in memory only, and forgets it when it closes.
                </p>
                <Field
                    name="token"
                    label="Admin token"
                    isSecret
                    required
                    autofocus
                    hint="the content of admin.token in the data folder"
                />
                <button type="submit" class={ways?.label ? '' : 'primary'} disabled={isBusy}>
                    Sign in
                </button>
            </form>
        </main>
    );
}
