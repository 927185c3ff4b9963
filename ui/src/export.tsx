/* export.tsx - everything that was asked for, as a file: not what the list happens to have loaded. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { file } from './api';
import { say } from './announce';
import { Dialog, Failed } from './parts';

/* The browser saves it under that name; the memory is given back. */
function save(blob: Blob, name: string): void {
    const url = URL.createObjectURL(blob),
        a = document.createElement('a');
    a.href = url;
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/* What somebody outside named must not name a file by itself: no folders, no dots before it, not too long. */
export function fileName(text: string): string {
    return text.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60) || 'file';
}

interface Props {
    title: string;
    path: string;
    params: Record<string, string | number | null | undefined>;
    name: string /* of the file, without what says its format */;
    formats: [string, string][];
    children: ComponentChildren /* what will be in it */;
}

export function Export({ title, path, params, name, formats, children }: Props) {
    const [isOpen, setOpen] = useState(false),
        [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<Error | null>(null);
    const take = async (format: string) => {
        setBusy(true);
        setError(null);
        try {
            save(await file(path, { ...params, format }), `${name}.${format}`);
            say('The file is saved.');
            setOpen(false);
        } catch (e) {
            setError(e as Error);
        }
        setBusy(false);
    };
    return (
        <>
            <button type="button" onClick={() => setOpen(true)}>
                Export …
            </button>
            {isOpen && (
                <Dialog title={title} close={() => setOpen(false)}>
                    <p>{children}</p>
                    {error && <Failed error={error} />}
                    <p class="actions">
                        {formats.map(([format, text]) => (
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
