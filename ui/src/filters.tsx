/* filters.tsx - what a list is narrowed to, as chips; each stands in the address and is applied by the daemon. */
import { useState } from 'preact/hooks';
import { route, set } from './route';
import { Text } from './parts';

const VALUES: Record<string, string[]> = {
    verdict: ['permit', 'deny', 'approve'],
    outcome: ['settled', 'released', 'unknown', 'none'],
    layer: ['llm', 'saas'],
    class: ['read', 'write', 'cost', 'money_in', 'money_out', 'liability', 'authority', 'fanout', 'unknown'],
    since: ['15m', '1h', '24h', '7d', '30d'],
    until: ['1h', '24h', '7d'],
};

export function Filters({ names }: { names: string[] }) {
    const [name, setName] = useState(names.includes('verdict') ? 'verdict' : names[0]!);
    const chosen = names.filter((n) => route.value.query.get(n));
    const add = (e: Event) => {
        e.preventDefault();
        const form = e.currentTarget as HTMLFormElement,
            value = String(new FormData(form).get('value')).trim();
        if (value) set({ [name]: value, call: null });
        form.reset();
    };
    return (
        <div class="filters">
            {chosen.map((n) => (
                <span key={n} class="filter">
                    <span class="faint">{n}</span> <Text of={route.value.query.get(n)} />
                    <button
                        type="button"
                        class="quiet"
                        aria-label={`Remove the filter ${n}`}
                        onClick={() => set({ [n]: null })}>
                        ✕
                    </button>
                </span>
            ))}
            <form class="add" onSubmit={add} aria-label="Add a filter">
                <select aria-label="Filter by" value={name} onChange={(e) => setName(e.currentTarget.value)}>
                    {names.map((n) => (
                        <option key={n} value={n}>
                            {n}
                        </option>
                    ))}
                </select>
                {VALUES[name] ? (
                    <select
                        name="value"
                        aria-label={name}
                        key={name}
                        onChange={(e) => e.currentTarget.form?.requestSubmit()}>
                        <option value="">…</option>
                        {VALUES[name]!.map((v) => (
                            <option key={v}>{v}</option>
                        ))}
                    </select>
                ) : (
                    <input
                        name="value"
                        aria-label={name}
                        key={name}
                        placeholder={name}
                        autocomplete="off"
                        spellcheck={false}
                    />
                )}
                <button type="submit">Filter</button>
            </form>
            {chosen.length > 1 && (
                <button
                    type="button"
                    class="quiet"
                    onClick={() => set(Object.fromEntries(chosen.map((n) => [n, null])))}>
                    Clear
                </button>
            )}
        </div>
    );
}
