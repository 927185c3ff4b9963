/* refused.tsx - on every screen, that the configuration's file is not the one in force, and why. */
import * as f from './format';
import { health } from './stop';
import { Text } from './parts';

export function RefusedBanner() {
    const h = health.value;
    if (!h?.reload_refused_at) return null;
    return (
        <div class="banner banner-refused" role="status">
            <strong>A changed configuration was refused</strong>
            <span>
                {f.when(h.reload_refused_at)}; the one before is in force. <Text of={h.reload_refused ?? ''} />
            </span>
        </div>
    );
}
