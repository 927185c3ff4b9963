/* keys_help.tsx - the keyboard: one table that the shortcuts and the help under "?" both come from. */
import { useEffect, useRef } from 'preact/hooks';
import { go } from './route';
import { Dialog } from './parts';

export const SCREENS: [string, string, string][] = [
    ['overview', 'Overview', 'o'],
    ['runs', 'Runs', 'r'],
    ['calls', 'Calls', 'c'],
    ['customers', 'Customers', 'u'],
    ['approvals', 'Approvals', 'a'],
    ['policy', 'Policy', 'p'],
    ['keys', 'Keys', 'k'],
    ['spend', 'Spend', 's'],
    ['vendors', 'Vendors', 'v'],
    ['settings', 'Settings', 't'],
];

const MORE: [string, string][] = [
    ['/ or Ctrl K', 'search any id'],
    ['j k or ↓ ↑', 'into the list; next and previous row; in an open call too'],
    ['Enter', 'open the row'],
    ['Escape', 'close what is open'],
    ['Home End PgUp PgDn', 'far in a list'],
    ['p', 'pause and go on with the live list'],
    ['n', 'on Keys: make a key'],
    ['Ctrl Space', 'on Policy, in the text: what may stand here'],
    ['a d', 'on Approvals: approve, deny'],
    ['x', 'the stop button'],
    ['?', 'this list'],
];

const isTyping = (e: KeyboardEvent) =>
    e.target instanceof HTMLElement && e.target.closest('input,select,textarea') !== null;

type Actions = Record<string, () => void>;
const shown: { current: Actions }[] = []; /* of the page, its screen, and what stands open in it: the last one first */
const G_MS = 1500;
let wasG = 0;

/* The next letter names a screen: lists leave it alone. */
export const isAfterG = () => Date.now() - wasG < G_MS;

function screenOf(key: string): string | undefined {
    const screen = isAfterG() ? SCREENS.find(([, , k]) => k === key)?.[0] : undefined;
    wasG = key === 'g' ? Date.now() : 0;
    return screen;
}

/* `g` and then a letter goes to a screen; other keys do what the innermost part says. Nothing while somebody types. */
function onKey(e: KeyboardEvent): void {
    const isFind = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k';
    if (!isFind && (isTyping(e) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')))
        return;
    const screen = isFind ? undefined : screenOf(e.key),
        key = isFind ? '/' : e.key;
    const action = screen ? () => go('#/' + screen) : [...shown].reverse().find((a) => a.current[key])?.current[key];
    if (!action) return;
    e.preventDefault();
    action();
}

addEventListener('keydown', onKey);

export function useShortcuts(actions: Actions): void {
    const mine = useRef(actions);
    mine.current = actions;
    useEffect(() => {
        shown.push(mine);
        return () => void shown.splice(shown.indexOf(mine), 1);
    }, []);
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
