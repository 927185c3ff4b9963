/* export.tsx - everything that the filters match, as a file: not what the list happens to have loaded. */
import { useState } from 'preact/hooks';
import { file } from './api';
import { say } from './announce';
import { Dialog, Failed } from './parts';

const FORMATS: [string, string][] = [
    ['csv', 'CSV: one call a line, for spreadsheets'],
    ['ndjson', 'NDJSON: the whole record of a call a line'],
];

/* The browser saves it under that name; the memory is given back. */
function save(blob: Blob, name: string): void {
    const url = URL.createObjectURL(blob),
        a = document.createElement('a');
    a.href = url;
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function Export({ filters }: { filters: Record<string, string> }) {
    const [isOpen, setOpen] = useState(false),
        [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<Error | null>(null);
    const take = async (format: string) => {
        setBusy(true);
        setError(null);
        try {
            save(await file('/calls', { ...filters, format }), `calls.${format}`);
            say('The file is saved.');
            setOpen(false);
        } catch (e) {
            setError(e as Error);
        }
        setBusy(false);
    };
    const n = Object.keys(filters).length;
    return (
        <>
            <button type="button" onClick={() => setOpen(true)}>
                Export …
            </button>
            {isOpen && (
                <Dialog title="Export calls" close={() => setOpen(false)}>
                    <p>
                        {n ? `Every call that your ${n === 1 ? 'filter matches' : `${n} filters match`}` : 'Every call'}
                        , however many the list shows.
                    </p>
                    {error && <Failed error={error} />}
                    <p class="actions">
                        {FORMATS.map(([format, text]) => (
                            <button key={format} type="button" disabled={isBusy} onClick={() => void take(format)}>
                                {text}
                            </button>
                        ))}
                    </p>
                </Dialog>
            )}
        </>
    );
}
