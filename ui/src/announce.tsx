/* announce.tsx - one polite live region: what happened, for those who do not see it happen. */
import { signal } from '@preact/signals';

const said = signal('');

export function say(text: string): void {
    said.value = '';
    setTimeout(() => {
        said.value = text;
    }, 50);
}

export function Announcer() {
    return (
        <div class="announcer" role="status" aria-live="polite">
            {said.value}
        </div>
    );
}
