/*
 * policy.tsx - what agents may do: the documents in force in sentences, and everything around changing one. Loaded when
 * it is opened. The daemon reads, compares and replays; nothing here knows what a document means.
 */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, may, post } from './api';
import { say } from './announce';
import { Editor } from './editor';
import * as f from './format';
import { useLoad } from './load';
import { Simulate } from './policy_plan';
import { Dialog, Empty, Failed, Loading, Plain, Text, When } from './parts';
import { href, param, set } from './route';
import type { Diag, Policy, PolicyChange, PolicyDiff, PolicyVersion } from './types';

const TABS: [string, string][] = [
    ['', 'In words'],
    ['edit', 'Edit'],
    ['plan', 'Simulate'],
    ['diff', 'Diff'],
    ['history', 'History'],
];
const CHECK_MS = 400;

/* What somebody writes, by the document's name; gone with the page. */
const drafts = signal<Record<string, string>>({});
const textOf = (p: Policy): string => drafts.value[p.name] ?? JSON.stringify(p.document, null, 2);
const write = (name: string, text: string) => (drafts.value = { ...drafts.value, [name]: text });

/* --- in words ----------------------------------------------------------------------------------------------------- */

const EFFECTS: Record<string, [string, string]> = {
    permit: ['✓', 'permits'],
    forbid: ['✕', 'forbids'],
    approve: ['◔', 'asks'],
    limit: ['≤', 'limits'],
    require: ['◆', 'requires'],
};

function Words({ of }: { of: Policy }) {
    if (!of.sentences) return <Empty>The document is too large to be said in sentences.</Empty>;
    if (!of.sentences.length) return <Empty>This document permits nothing.</Empty>;
    return (
        <ul class="sentences">
            {of.sentences.map((s) => (
                <li key={s.kind + s.id} class={'sentence-' + s.effect}>
                    <span class="sentence-effect">
                        <span aria-hidden="true">{EFFECTS[s.effect]?.[0]}</span> {EFFECTS[s.effect]?.[1] ?? s.effect}
                    </span>
                    <code>
                        <Text of={s.id} />
                    </code>
                    <Text of={s.text} />
                </li>
            ))}
        </ul>
    );
}

/* --- diff --------------------------------------------------------------------------------------------------------- */

const HEADINGS: Record<string, string> = {
    permitted: 'Becomes permitted',
    no_longer_forbidden: 'Is no longer forbidden',
    no_longer_asked: 'No longer needs a person’s approval',
    asked: 'Needs a person’s approval',
    forbidden: 'Becomes forbidden',
    no_longer_permitted: 'Is no longer permitted',
    rule_changed: 'Rules that say something else',
    limit_gone: 'Limits that are gone',
    limit_raised: 'Limits that are raised',
    limit_lowered: 'Limits that are lowered',
    limit_new: 'Limits that are new',
    limit_changed: 'Limits that count something else',
    proof_gone: 'Proofs of identity that are no longer required',
    proof_new: 'Proofs of identity that are required',
    section: 'Other parts that say something else',
};

function Change({ of }: { of: PolicyChange }) {
    return (
        <li class={of.opens ? 'change change-opens' : 'change'}>
            <code>
                <Text of={of.id} />
            </code>
            {of.before && of.before !== of.after && (
                <del>
                    <Text of={of.before} />
                </del>
            )}
            {of.after && (
                <ins>
                    <Text of={of.after} />
                </ins>
            )}
            {of.before && of.after && of.keeps_count === false && (
                <span class="warn">counts from nothing: what it has counted is no longer looked at</span>
            )}
        </li>
    );
}

export function Changes({ of }: { of: PolicyDiff }) {
    const kinds = [...new Set(of.changes.map((c) => c.change))];
    if (!kinds.length) return <Empty>Both say the same.</Empty>;
    return (
        <>
            {kinds.map((kind) => (
                <section key={kind}>
                    <h3>{HEADINGS[kind] ?? kind}</h3>
                    <ul class="changes">
                        {of.changes
                            .filter((c) => c.change === kind)
                            .map((c) => (
                                <Change key={c.kind + c.id} of={c} />
                            ))}
                    </ul>
                </section>
            ))}
        </>
    );
}

function Diff({ document, old }: { document: string; old?: string }) {
    const { data, error, again } = useLoad('diff ' + document + '\n' + (old ?? ''), () =>
        post<PolicyDiff>('/policies/diff', old === undefined ? { document } : { document, old }),
    );
    if (error) return <Failed error={error} again={again} />;
    return data ? <Changes of={data} /> : <Loading what="the comparison" />;
}

/* Nothing is written that could be compared or tried. */
function NoDraft() {
    return (
        <Empty>
            Nothing is written yet: change the document under <a href={href('policy', '', { tab: 'edit' })}>Edit</a>, and
            what that means stands here before it is in force.
        </Empty>
    );
}

/* --- edit --------------------------------------------------------------------------------------------------------- */

function useCheck(document: string): Diag[] | null {
    const [diags, setDiags] = useState<Diag[] | null>(null);
    useEffect(() => {
        let isGone = false;
        const t = setTimeout(() => {
            void post<{ diags: Diag[] }>('/policies/check', { document, file: 'document' }).then(
                (r) => isGone || setDiags(r.diags),
                (e) => isGone || setDiags([{ line: 0, col: 0, code: 'failed', message: String(e.message), is_warning: false }]),
            );
        }, CHECK_MS);
        return () => {
            isGone = true;
            clearTimeout(t);
        };
    }, [document]);
    return diags;
}

const STANDS: Record<string, string> = { observe: 'observes', shadow: 'in shadow' };

/* What a document of that mode does once it is applied. */
const DOES: Record<string, string> = {
    enforce: 'is in force: the next call obeys it',
    observe: 'observes: calls of its vendors are allowed, and record what enforcement would say',
    shadow: 'is in shadow: it decides nothing, and calls record what it would have said',
};

function Apply({ document, close, done }: { document: string; close: () => void; done: () => void }) {
    const [error, setError] = useState<Error | null>(null);
    const apply = async (e: Event) => {
        e.preventDefault();
        try {
            const r = await post<{ name: string; mode: string }>('/policies', { document, file: 'document' });
            say(`${r.name} ${DOES[r.mode] ?? r.mode}.`);
            done();
        } catch (why) {
            setError(why as Error);
        }
    };
    return (
        <Dialog title="Put this in force" close={close}>
            <form onSubmit={apply}>
                <Diff document={document} />
                {error && <Failed error={error} />}
                <button type="submit" class="primary">
                    Put in force
                </button>
            </form>
        </Dialog>
    );
}

function Edit({ of, again }: { of: Policy; again: () => void }) {
    const text = textOf(of),
        diags = useCheck(text),
        [isApplying, setApplying] = useState(false),
        hasErrors = !diags || diags.some((d) => !d.is_warning);
    const done = () => {
        setApplying(false);
        write(of.name, text);
        again();
    };
    return (
        <>
            <Editor text={text} diags={diags ?? []} onText={(t) => write(of.name, t)} />
            <div class="actions">
                <button
                    type="button"
                    class="primary"
                    disabled={hasErrors || !may('policy')}
                    title={may('policy') ? undefined : 'Your role may not change policies'}
                    onClick={() => setApplying(true)}>
                    Put in force …
                </button>
                <button type="button" onClick={() => set({ tab: 'plan' })}>
                    Simulate
                </button>
                <button
                    type="button"
                    class="quiet"
                    onClick={() => write(of.name, JSON.stringify(of.document, null, 2))}>
                    Back to what is in force
                </button>
            </div>
            {isApplying && <Apply document={text} close={() => setApplying(false)} done={done} />}
        </>
    );
}

/* --- history ------------------------------------------------------------------------------------------------------ */

function Rollback({ name, to, close, done }: { name: string; to: PolicyVersion; close: () => void; done: () => void }) {
    const [error, setError] = useState<Error | null>(null);
    const roll = async (e: Event) => {
        e.preventDefault();
        try {
            await post(`/policies/${encodeURIComponent(name)}/rollback`, { digest: to.digest });
            say(`${name} says again what version ${to.version} said.`);
            done();
        } catch (why) {
            setError(why as ApiError);
        }
    };
    return (
        <Dialog title={`Back to version ${to.version}`} close={close}>
            <form onSubmit={roll}>
                <Diff document={to.document} />
                {error && <Failed error={error} />}
                <button type="submit" class="danger">
                    Put in force again
                </button>
            </form>
        </Dialog>
    );
}

function History({ of, again }: { of: Policy; again: () => void }) {
    const history = useLoad('history ' + of.name, (s) =>
        get<{ policies: PolicyVersion[] }>(`/policies/${encodeURIComponent(of.name)}/history`, {}, s),
    );
    const [to, setTo] = useState<PolicyVersion | null>(null),
        [seen, setSeen] = useState<PolicyVersion | null>(null);
    const done = () => {
        setTo(null);
        history.again();
        again();
    };
    if (history.error) return <Failed error={history.error} again={history.again} />;
    if (!history.data) return <Loading what="the history" />;
    return (
        <>
            <Plain
                label="Versions, newest first"
                head={['Version', 'In force', 'Since', 'By', 'Digest', '']}
                rows={history.data.policies.map((p) => [
                    f.count(p.version),
                    p.is_active ? <strong>yes</strong> : 'no',
                    <When at={p.applied_at} />,
                    <Text of={p.by} />,
                    <code>
                        <Text of={p.digest.slice(0, 12)} />
                    </code>,
                    <>
                        <button type="button" class="quiet" disabled={p.is_active} onClick={() => setSeen(p)}>
                            Compare
                        </button>{' '}
                        <button
                            type="button"
                            class="quiet"
                            disabled={p.is_active || !may('policy')}
                            title={may('policy') ? undefined : 'Your role may not change policies'}
                            onClick={() => setTo(p)}>
                            Roll back …
                        </button>
                    </>,
                ])}
            />
            {seen && (
                <Dialog title={`From version ${seen.version} to what is in force`} close={() => setSeen(null)}>
                    <Diff document={JSON.stringify(of.document)} old={seen.document} />
                </Dialog>
            )}
            {to && <Rollback name={of.name} to={to} close={() => setTo(null)} done={done} />}
        </>
    );
}

/* Whether it decides, since when, and what is tried beside it. */
function Standing({ of }: { of: Policy }) {
    return (
        <>
            version {f.count(of.version)}, {STANDS[of.mode ?? ''] ?? 'in force'} since <When at={of.applied_at} />
            {of.observe_until && (
                <>
                    , in force from <When at={of.observe_until} /> on
                </>
            )}
            {of.shadow && of.mode !== 'shadow' && (
                <>
                    ; beside it version {f.count(of.shadow.version)} (<code>{of.shadow.digest.slice(0, 12)}</code>) is in
                    shadow since <When at={of.shadow.applied_at} />
                </>
            )}
        </>
    );
}

/* --- the screen --------------------------------------------------------------------------------------------------- */

export function PolicyScreen() {
    const { data, error, again } = useLoad('policies', (s) => get<{ policies: Policy[] }>('/policies', {}, s));
    const all = data?.policies ?? [],
        of = all.find((p) => p.name === param('name')) ?? all.find((p) => p.name === 'default') ?? all[0],
        tab = param('tab');
    return (
        <div class="policy">
            <div class="head head-flat">
                <h1>Policy</h1>
                {all.length > 1 && (
                    <label>
                        Document{' '}
                        <select value={of?.name} onChange={(e) => set({ name: e.currentTarget.value })}>
                            {all.map((p) => (
                                <option key={p.name} value={p.name}>
                                    {f.visible(p.name)}
                                </option>
                            ))}
                        </select>
                    </label>
                )}
                <div class="toolbar" role="group" aria-label="Show">
                    {TABS.map(([id, name]) => (
                        <button key={id} type="button" aria-pressed={tab === id} onClick={() => set({ tab: id })}>
                            {name}
                        </button>
                    ))}
                </div>
                {of && (
                    <span class="faint">
                        <Standing of={of} />
                    </span>
                )}
            </div>
            {error && <Failed error={error} again={again} />}
            {!data && !error && <Loading what="policies" />}
            {data && !of && (
                <Empty>
                    No policy is in force, so every call is refused. Put one in force with{' '}
                    <code>flyball policy apply FILE</code>; <code>flyball init</code> writes one to begin with.
                </Empty>
            )}
            {of && tab === '' && <Words of={of} />}
            {of && tab === 'edit' && <Edit key={of.name} of={of} again={again} />}
            {of && tab === 'plan' && <Simulate key={of.name} document={textOf(of)} isDraft={of.name in drafts.value} />}
            {of && tab === 'diff' && (of.name in drafts.value ? <Diff document={textOf(of)} /> : <NoDraft />)}
            {of && tab === 'history' && <History key={of.name} of={of} again={again} />}
        </div>
    );
}
