/* observe.tsx - on every screen, which documents observe and do not enforce, and until when. */
import { href } from './route';
import * as f from './format';
import { health } from './stop';
import { Text } from './parts';

export function ObserveBanner() {
    const documents = health.value?.observe ?? [];
    if (!documents.length) return null;
    return (
        <div class="banner banner-observe" role="status">
            <strong>OBSERVE</strong>
            {documents.map((d) => (
                <span key={d.policy}>
                    Policy <Text of={d.policy} /> allows every call of <Text of={d.vendors} /> until {f.when(d.until)}.{' '}
                </span>
            ))}
            <a href={href('calls', '', { since: '24h' })}>What enforcement would say</a>
        </div>
    );
}
