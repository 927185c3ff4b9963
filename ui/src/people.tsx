/* people.tsx - who may look and who may change: people and services, their roles, and links that sign them in. */
import { useState } from 'preact/hooks';
import { get, post } from './api';
import { say } from './announce';
import { useLoad } from './load';
import { useLive } from './live';
import { Card, Copy, Dialog, Failed, Field, Loading, Plain, Text, When } from './parts';
import type { Person } from './types';

const ROLES: [string, string][] = [
    ['viewer', 'sees calls, keys, limits'],
    ['bodies', 'sees bodies that are kept'],
    ['operator', 'makes and revokes keys, stops and lets through'],
    ['approver', 'approves calls'],
    ['policy', 'changes policies'],
    ['secrets', 'puts vendors’ secrets in'],
    ['owner', 'everything, people too'],
];

interface Made {
    name: string;
    secret: string;
    what: string;
    until: string | null;
}

function Shown({ made, close }: { made: Made; close: () => void }) {
    return (
        <Dialog title={`The ${made.what} of ${made.name}`} close={close}>
            <p>It is shown now and never again.</p>
            <p class="secret">
                <code>
                    <Text of={made.secret} />
                </code>{' '}
                <Copy text={made.secret} what={`the ${made.what}`} />
            </p>
            {made.until && (
                <p>
                    It ends <When at={made.until} ago />.
                </p>
            )}
        </Dialog>
    );
}

function Create({ close, made }: { close: () => void; made: (m: Made) => void }) {
    const [error, setError] = useState<Error | null>(null);
    const submit = async (e: Event) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget as HTMLFormElement),
            text = (n: string) => String(form.get(n) ?? '').trim();
        const body: Record<string, unknown> = { name: text('name'), roles: form.getAll('roles') };
        for (const n of ['tenant', 'expires']) if (text(n)) body[n] = text(n);
        if (form.get('service')) body.kind = 'service';
        try {
            const r = await post<{ name: string; token: string; expires_at: string | null }>('/people', body);
            made({ name: r.name, secret: r.token, what: 'credential', until: r.expires_at });
        } catch (why) {
            setError(why as Error);
        }
    };
    return (
        <Dialog title="Let somebody in" close={close}>
            <form onSubmit={submit}>
                <Field
                    name="name"
                    label="Name"
                    required
                    autofocus
                    maxLength={128}
                    hint="as the record will name them"
                />
                <fieldset>
                    <legend>Roles</legend>
                    {ROLES.map(([role, text]) => (
                        <label key={role} class="check">
                            <input type="checkbox" name="roles" value={role} defaultChecked={role === 'viewer'} />{' '}
                            {role} <span class="faint">{text}</span>
                        </label>
                    ))}
                </fieldset>
                <Field name="tenant" label="Tenant" hint="the only one they see; all when empty" />
                <Field name="expires" label="Expires" hint="a time, or a duration such as 30d; never when empty" />
                <label class="check">
                    <input type="checkbox" name="service" /> a service, not a person
                </label>
                {error && <Failed error={error} />}
                <button type="submit" class="primary">
                    Make the credential
                </button>
            </form>
        </Dialog>
    );
}

function Actions({ p, again, made }: { p: Person; again: () => void; made: (m: Made) => void }) {
    const path = `/people/${encodeURIComponent(p.name)}`;
    const link = () =>
        post<{ url: string; expires_at: string }>(path + '/link').then(
            (r) => made({ name: p.name, secret: r.url, what: 'sign-in link', until: r.expires_at }),
            (e) => say(e.message),
        );
    const revoke = () =>
        post(path + '/revoke').then(
            () => {
                say(`${p.name} is out.`);
                again();
            },
            (e) => say(e.message),
        );
    if (p.status !== 'active') return null;
    return (
        <>
            <button type="button" onClick={() => void link()}>
                Link
            </button>{' '}
            <button type="button" class="stop" onClick={() => void revoke()}>
                Take away
            </button>
        </>
    );
}

export function People() {
    const { data, error, again } = useLoad('people', (s) => get<{ people: Person[] }>('/people', {}, s));
    const [isNew, setNew] = useState(false),
        [made, setMade] = useState<Made | null>(null);
    useLive(['event'], again, { everyMs: 2000 });
    const show = (m: Made) => {
        setNew(false);
        setMade(m);
        again();
    };
    const rows = (data?.people ?? []).map((p) => [
        <Text of={p.name} />,
        p.kind,
        p.roles.join(', '),
        p.tenant ? <Text of={p.tenant} /> : 'all',
        p.status === 'active' ? <span class="ok">✓ active</span> : <span class="bad">✕ {p.status}</span>,
        <When at={p.last_seen_at} ago />,
        p.expires_at ? <When at={p.expires_at} ago /> : 'never',
        <Actions p={p} again={again} made={show} />,
    ]);
    return (
        <Card
            title="People and services"
            class="wide"
            more={
                <button type="button" onClick={() => setNew(true)}>
                    Let somebody in
                </button>
            }>
            {error ? <Failed error={error} again={again} /> : !data ? <Loading what="people" /> : null}
            {data && rows.length === 0 && (
                <p class="faint">
                    Nobody has a credential of their own yet: everything is done with the token of the data folder.
                </p>
            )}
            {rows.length > 0 && (
                <Plain
                    label="People and services"
                    head={['name', 'kind', 'roles', 'tenant', 'status', 'last seen', 'ends', 'do']}
                    rows={rows}
                />
            )}
            {isNew && <Create close={() => setNew(false)} made={show} />}
            {made && <Shown made={made} close={() => setMade(null)} />}
        </Card>
    );
}
