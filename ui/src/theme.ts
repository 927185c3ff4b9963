/* theme.ts - dark or light: as the system, or as the viewer chose in this browser. */
import { signal } from '@preact/signals';

type Theme = 'system' | 'light' | 'dark';
const KEY = 'flyball.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export const theme = signal<Theme>((localStorage.getItem(KEY) as Theme | null) ?? 'system');
export const isDark = signal(false);

function apply(): void {
    isDark.value = theme.value === 'dark' || (theme.value === 'system' && dark.matches);
    document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
}

export function toggleTheme(): void {
    theme.value = isDark.value ? 'light' : 'dark';
    localStorage.setItem(KEY, theme.value);
    apply();
}

dark.addEventListener('change', apply);
apply();
