/* main.tsx - the page: who is signed in, the frame around every screen, and the screen that the address names. */
import { Component, render, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Announcer } from './announce';
import { may, resume, session, signInByCode, signOut } from './api';
import { Find } from './find';
import { Help, SCREENS, useShortcuts } from './keys_help';
import { feed, startFeed } from './live';
import { href, route } from './route';
import { SignIn } from './signin';
import { ObserveBanner } from './observe';
import { RefusedBanner } from './refused';
import { health, isStopOpen, readHealth, Stop, StopBanner } from './stop';
import { isDark, toggleTheme } from './theme';
import { Failed, Text } from './parts';
import { Approvals, Badge, readWaiting } from './approvals';
import { Calls } from './calls';
import { Customers } from './customers';
import { Keys } from './keys';
import { lazily } from './lazy';
import { Overview } from './overview';
import { Runs } from './runs';
import { Settings } from './settings';
import { Spend } from './spend';
import { Vendors } from './vendors';

const Policy = lazily('the policy', () => import('./policy').then((m) => m.PolicyScreen));

const screens: Record<string, ComponentType> = {
    overview: Overview,
    runs: Runs,
    calls: Calls,
    customers: Customers,
    approvals: Approvals,
    policy: Policy,
    keys: Keys,
    spend: Spend,
    vendors: Vendors,
    settings: Settings,
};

const FEED = { off: '', live: 'live', waiting: 'reconnecting' };

function Nav({ at }: { at: string }) {
    /* On a narrow page the names scroll: where we are stays in sight. */
    useEffect(() => {
        const here = document.querySelector('nav [aria-current]');
        here?.scrollIntoView({ inline: 'center', block: 'nearest' });
    }, [at]);
    return (
        <nav aria-label="Screens">
            <a class="brand" href={href('overview')}>
                <span aria-hidden="true">⋏</span> Flyball
            </a>
            <ul>
                {SCREENS.map(([id, name]) => (
                    <li key={id}>
                        <a href={href(id)} aria-current={at === id ? 'page' : undefined}>
                            {name}
                            {id === 'approvals' && <Badge />}
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    );
}

function Bar({ help, takeFocus }: { help: () => void; takeFocus: (fn: () => void) => void }) {
    return (
        <div class="bar">
            <Find takeFocus={takeFocus} />
            <span class={'feed feed-' + feed.value}>{FEED[feed.value]}</span>
            <Stop />
            <button
                type="button"
                class="quiet"
                aria-label={isDark.value ? 'Light theme' : 'Dark theme'}
                onClick={toggleTheme}>
                {isDark.value ? '☀' : '☾'}
            </button>
            <button type="button" class="quiet" aria-label="Keyboard shortcuts" onClick={help}>
                ?
            </button>
            <span class="who" title={session.value!.roles.join(', ')}>
                <Text of={session.value!.name} />
            </span>
            <button type="button" class="quiet" onClick={() => void signOut()}>
                Sign out
            </button>
        </div>
    );
}

/* A screen that fails says so, and the others go on. */
class Guard extends Component<{ children: ComponentChildren }, { error: Error | null }> {
    static getDerivedStateFromError(error: Error) {
        return { error };
    }
    render() {
        const { error } = this.state;
        return error ? <Failed error={error} again={() => this.setState({ error: null })} /> : this.props.children;
    }
}

/* From the page into its list. */
function focusList(): void {
    document.querySelector<HTMLElement>('.rows')?.focus();
}

function Frame() {
    const { screen } = route.value,
        [isHelp, setHelp] = useState(false);
    const focusFind = useRef(() => {}),
        main = useRef<HTMLElement>(null);
    const Screen = screens[screen];
    useEffect(() => {
        void readHealth();
        void readWaiting();
    }, []);
    useEffect(() => {
        document.title = (SCREENS.find(([id]) => id === screen)?.[1] ?? 'Not found') + ' · Flyball';
    }, [screen]);
    useShortcuts({
        '/': () => focusFind.current(),
        '?': () => setHelp(true),
        x: () => {
            isStopOpen.value = may('operator');
        },
        j: focusList,
    });
    return (
        <>
            <a
                class="skip"
                href="#main"
                onClick={(e) => {
                    e.preventDefault();
                    main.current?.focus();
                }}>
                To the content
            </a>
            <div class="frame">
                <Nav at={screen} />
                <div class="side">
                    <Bar
                        help={() => setHelp(true)}
                        takeFocus={(fn) => {
                            focusFind.current = fn;
                        }}
                    />
                    <StopBanner />
                    <ObserveBanner />
                    <RefusedBanner />
                    <main ref={main} id="main" tabIndex={-1} class={'screen screen-' + (Screen ? screen : 'none')}>
                        {Screen ? (
                            <Guard key={screen}>
                                <Screen />
                            </Guard>
                        ) : (
                            <p>
                                There is no such screen. <a href={href('overview')}>Overview</a>
                            </p>
                        )}
                    </main>
                </div>
            </div>
            {isHelp && <Help close={() => setHelp(false)} />}
        </>
    );
}

function App({ note, fault }: { note: string; fault: string }) {
    return (
        <>
            {session.value ? <Frame /> : <SignIn note={note} fault={fault} />}
            <Announcer />
        </>
    );
}

/* A link's code is used once, and leaves the address before anything else happens; so does why there is none. */
async function signIn(): Promise<{ note: string; fault: string }> {
    const asked = new URLSearchParams(location.search),
        code = asked.get('t'),
        fault = asked.get('sign_in') ?? '';
    let note = '';
    if (code || fault) history.replaceState(null, '', location.pathname + location.hash);
    if (code) {
        await signInByCode(code).catch((e) => {
            note = `This sign-in link does not work: ${e.message}`;
        });
    }
    if (!session.value) await resume().catch(() => null);
    return { note, fault };
}

void signIn().then(({ note, fault }) => {
    startFeed();
    health.value = null;
    render(<App note={note} fault={fault} />, document.getElementById('app')!);
});
