/* keys_help.tsx - the keyboard: one table that the shortcuts and the help under "?" both come from. */
import { useEffect } from 'preact/hooks';
import { go } from './route';
import { Dialog } from './parts';

export const SCREENS: [string, string, string][] = [
    ['overview', 'Overview', 'o'],
    ['runs', 'Runs', 'r'],
    ['calls', 'Calls', 'c'],
    ['keys', 'Keys', 'k'],
    ['spend', 'Spend', 's'],
    ['vendors', 'Vendors', 'v'],
    ['settings', 'Settings', 't'],
];

const MORE: [string, string][] = [
    ['/ or Ctrl K', 'search any id'],
    ['j k or ↓ ↑', 'next and previous row; in an open call too'],
    ['Enter', 'open the row'],
    ['Escape', 'close what is open'],
    ['Home End PgUp PgDn', 'far in a list'],
    ['p', 'pause and go on with the live list'],
    ['n', 'on Keys: make a key'],
    ['x', 'the stop button'],
    ['?', 'this list'],
];

const isTyping = (e: KeyboardEvent) =>
    e.target instanceof HTMLElement && e.target.closest('input,select,textarea') !== null;

/* `g` and then a letter goes to a screen; single keys do what `actions` says. Nothing while somebody types. */
export function useShortcuts(actions: Record<string, () => void>): void {
    useEffect(() => {
        let wasG = 0;
        const on = (e: KeyboardEvent) => {
            if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k' && actions['/']) {
                e.preventDefault();
                actions['/']!();
                return;
            }
            if (isTyping(e) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
            const screen = Date.now() - wasG < 1200 ? SCREENS.find(([, , key]) => key === e.key) : undefined;
            wasG = e.key === 'g' ? Date.now() : 0;
            if (screen) go('#/' + screen[0]);
            else if (actions[e.key]) actions[e.key]!();
            else return;
            e.preventDefault();
        };
        addEventListener('keydown', on);
        return () => removeEventListener('keydown', on);
    });
}

export function Help({ close }: { close: () => void }) {
    return (
        <Dialog title="Keyboard" close={close}>
            <table class="plain shortcuts">
                <tbody>
                    {SCREENS.map(([, name, key]) => (
                        <tr key={key}>
                            <th scope="row">
                                <kbd>g</kbd> <kbd>{key}</kbd>
                            </th>
                            <td>{name}</td>
                        </tr>
                    ))}
                    {MORE.map(([keys, text]) => (
                        <tr key={keys}>
                            <th scope="row">
                                <kbd>{keys}</kbd>
                            </th>
                            <td>{text}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </Dialog>
    );
}
