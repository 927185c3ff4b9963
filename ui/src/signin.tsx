/* signin.tsx - the code of a link, or a token that is pasted and kept in memory only. */
import { useState } from 'preact/hooks';
import { signInByToken } from './api';
import { Field } from './parts';

export function SignIn({ note }: { note: string }) {
    const [error, setError] = useState(note),
        [isBusy, setBusy] = useState(false);
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
                <p>
                    Open the sign-in link that <code>flyball dev</code> or an administrator gave you. Or paste an admin
                    token: this page keeps it in memory only, and forgets it when it closes.
                </p>
                {error && (
                    <p class="failed" role="alert">
                        {error}
                    </p>
                )}
                <Field
                    name="token"
                    label="Admin token"
                    isSecret
                    required
                    autofocus
                    hint="the content of admin.token in the data folder"
                />
                <button type="submit" class="primary" disabled={isBusy}>
                    Sign in
                </button>
            </form>
        </main>
    );
}
