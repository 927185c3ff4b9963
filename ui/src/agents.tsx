/* agents.tsx - agents and who answers for each; one that is disabled is refused whatever key it has. */
import { useState } from 'preact/hooks';
import { get, may, post } from './api';
import { say } from './announce';
import * as f from './format';
import { useLoad } from './load';
import { useLive } from './live';
import { Dialog, Empty, Failed, Field, Loading, Plain, Text, When } from './parts';
import { href } from './route';
import type { Agent } from './types';

const STATUS: Record<string, string> = { disabled: 'disabled', owner_disabled: 'its person is disabled' };

function Register({ close, again }: { close: () => void; again: () => void }) {
    const [error, setError] = useState<Error | null>(null);
    const submit = async (e: Event) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget as HTMLFormElement);
        try {
            await post('/agents', { agent: String(form.get('agent')).trim(), owner: String(form.get('owner')).trim() });
            say('The agent is registered.');
            again();
            close();
        } catch (why) {
            setError(why as Error);
        }
    };
    return (
        <Dialog title="Register an agent" close={close}>
            <form onSubmit={submit}>
                <Field name="agent" label="Agent" required autofocus maxLength={128} hint="as its keys name it" />
                <Field name="owner" label="Person" required maxLength={128} hint="who answers for it" />
                {error && <Failed error={error} />}
                <button type="submit" class="primary">
                    Register
                </button>
            </form>
        </Dialog>
    );
}

function Switch({ a, again }: { a: Agent; again: () => void }) {
    const isOn = a.status === 'active';
    const turn = () =>
        post(isOn ? '/agents/disable' : '/agents/enable', { agent: a.agent }).then(
            () => {
                say(isOn ? 'Disabled: its next call is refused.' : 'It may call again.');
                again();
            },
            (e) => say(e.message),
        );
    if (!may('operator') || a.status === 'owner_disabled') return null;
    return (
        <button type="button" class={isOn ? 'stop' : ''} onClick={() => void turn()}>
            {isOn ? 'Disable' : 'Enable'}
        </button>
    );
}

export function Agents() {
    const { data, error, again } = useLoad('agents', (s) => get<{ agents: Agent[] }>('/agents', {}, s));
    const [isNew, setNew] = useState(false);
    useLive(['event'], again, { everyMs: 1000 });
    const rows = (data?.agents ?? []).map((a) => [
        <a href={href('calls', '', { agent: a.agent })}>
            <Text of={a.agent} />
        </a>,
        a.owner ? <Text of={a.owner} /> : <span class="faint">nobody</span>,
        a.registered ? 'yes' : <span class="faint">only its keys are known</span>,
        a.status === 'active' ? (
            <span class="ok">✓ active</span>
        ) : (
            <span class="bad">✕ {STATUS[a.status] ?? a.status}</span>
        ),
        f.count(a.keys),
        <When at={a.changed_at} ago />,
        <Switch a={a} again={again} />,
    ]);
    return (
        <div class="screen-pad">
            {may('operator') && (
                <p>
                    <button type="button" onClick={() => setNew(true)}>
                        Register an agent
                    </button>
                </p>
            )}
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="agents" />}
            {data && rows.length === 0 && <Empty>There is no agent yet.</Empty>}
            {rows.length > 0 && (
                <Plain
                    label="Agents"
                    head={['agent', 'person', 'registered', 'status', 'keys', 'changed', 'do']}
                    rows={rows}
                />
            )}
            {isNew && <Register close={() => setNew(false)} again={again} />}
        </div>
    );
}
