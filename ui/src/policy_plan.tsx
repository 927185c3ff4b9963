/* policy_plan.tsx - recorded calls, decided on by a document that is not in force: what would be different. */
import { useState } from 'preact/hooks';
import { post } from './api';
import { say } from './announce';
import * as f from './format';
import { Card, Empty, Facts, Failed, Id, Loading, Pick, Plain, Text, When } from './parts';
import type { PlanSide, PlanSum, PolicyPlan } from './types';

const SINCE: [string, string][] = [
    ['1h', 'the last hour'],
    ['24h', 'the last 24 hours'],
    ['7d', 'the last 7 days'],
    ['30d', 'the last 30 days'],
];
const CHANGED_MAX = 200;
const WORDS = { permitted: 'Newly permitted', denied: 'Newly denied', asked: 'Newly asked about' } as const;
type Kind = keyof typeof WORDS;

function Side({ of }: { of: PlanSide }) {
    return (
        <>
            {of.verdict}
            {of.by && (
                <>
                    {' '}
                    by <Text of={of.by} />
                </>
            )}
        </>
    );
}

function Sum({ kind, of }: { kind: Kind; of: PlanSum }) {
    if (!of.calls) return null;
    return (
        <Card title={WORDS[kind]} class="wide">
            <Facts
                rows={[
                    ['calls', <strong>{f.count(of.calls)}</strong>],
                    ['at most', f.usd(of.usd)],
                    ['of unknown cost', of.unpriced ? f.count(of.unpriced) : ''],
                    ['agents', <Text of={of.agents.names.join(', ') + (of.agents.n > of.agents.names.length ? ', …' : '')} />],
                    ['customers', of.customers.n ? f.count(of.customers.n) : ''],
                ]}
            />
            <Plain
                label={WORDS[kind]}
                head={['Operation', 'Agent', 'Calls', 'USD', 'Was', 'Becomes']}
                rows={of.groups.map((g) => [
                    <Text of={g.operation} />,
                    <Text of={g.agent} />,
                    f.count(g.calls),
                    f.usd(g.usd),
                    <Side of={g.was} />,
                    <Side of={g.becomes} />,
                ])}
            />
            {of.more_groups > 0 && <p class="faint">and {f.count(of.more_groups)} more like these</p>}
        </Card>
    );
}

function Calls({ of }: { of: PolicyPlan }) {
    if (!of.changed.length) return null;
    const all = of.permitted.calls + of.denied.calls + of.asked.calls;
    return (
        <Card title={all > of.changed.length ? `The first ${f.count(of.changed.length)} of ${f.count(all)} calls` : 'Calls'} class="wide">
            <Plain
                label="Changed calls"
                head={['Time', 'Call', 'Agent', 'Operation', 'USD', 'Was', 'Becomes', 'Why']}
                rows={of.changed.map((c) => [
                    <When at={c.at} />,
                    <Id screen="calls" id={c.call_id} what="call id" short />,
                    <Text of={c.agent} />,
                    <Text of={c.operation} />,
                    c.usd ? f.usd(c.usd) : '—',
                    <Side of={c.was} />,
                    <Side of={c.becomes} />,
                    <Text of={c.reason} />,
                ])}
            />
        </Card>
    );
}

function Rest({ of }: { of: PolicyPlan }) {
    return (
        <Facts
            rows={[
                ['calls', f.count(of.calls)],
                ['replayed', f.count(of.replayed)],
                ['the same', f.count(of.unchanged)],
                ...of.not_replayable.reasons.map((r): [string, string] => ['not replayable', `${f.count(r.calls)}: ${r.text}`]),
                ['refused before a document was asked', of.undecided ? f.count(of.undecided) : ''],
                ['recorded otherwise', of.recorded_otherwise ? f.count(of.recorded_otherwise) : ''],
                ['limits that started at nothing', of.fresh_limits.length ? <Text of={of.fresh_limits.join(', ')} /> : ''],
            ]}
        />
    );
}

export function Simulate({ document, isDraft }: { document: string; isDraft: boolean }) {
    const [since, setSince] = useState('24h'),
        [plan, setPlan] = useState<PolicyPlan | null>(null),
        [error, setError] = useState<Error | null>(null),
        [isRunning, setRunning] = useState(false);
    const run = async (e: Event) => {
        e.preventDefault();
        setRunning(true);
        setError(null);
        try {
            const p = await post<PolicyPlan>('/policies/plan', { document, since, changed: CHANGED_MAX });
            setPlan(p);
            say(`${p.replayed} calls replayed, ${p.unchanged} unchanged.`);
        } catch (why) {
            setError(why as Error);
        }
        setRunning(false);
    };
    return (
        <>
            <form class="ask" onSubmit={run} aria-label="Simulate">
                <Pick name="since" label="Calls of" options={SINCE} value={since} onPick={setSince} />
                <button type="submit" class="primary" disabled={isRunning}>
                    Simulate
                </button>
            </form>
            <p class="hint">
                {isDraft ? 'What you wrote under Edit' : 'What is in force (nothing is written under Edit yet)'}, on calls
                that are on record; nothing is sent.
            </p>
            {error && <Failed error={error} />}
            {isRunning && <Loading what="recorded calls" />}
            {plan && !isRunning && (
                <>
                    <Rest of={plan} />
                    {plan.unchanged === plan.replayed && <Empty>No call would have been decided otherwise.</Empty>}
                    {!plan.is_safe && <p class="warn">Calls that move value are newly permitted.</p>}
                    <div class="cards">
                        <Sum kind="permitted" of={plan.permitted} />
                        <Sum kind="denied" of={plan.denied} />
                        <Sum kind="asked" of={plan.asked} />
                        <Calls of={plan} />
                    </div>
                </>
            )}
        </>
    );
}
