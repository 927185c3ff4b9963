/* chart.ts - stacked bars, a day each. A canvas knows nothing of the page's theme, so colours are read from it. */
import uPlot from 'uplot';
import { DAY_S, nano, ticks } from './format';
import type { Group } from './spend';

const DAYS_MIN = 13; /* a chart of one day looks like one of two weeks */
const HEIGHT = 220,
    Y_PX = 84 /* what stands left of the days */,
    NANO = Number(nano('1'));

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* Each series is drawn with those below it added, the highest first: so each shows as the part above the next. */
function stacked(groups: Group[], days: string[]): number[][] {
    const sums: number[][] = [];
    let below = days.map(() => 0);
    for (const g of groups) {
        below = below.map((n, i) => n + Number(g.days.get(days[i]!) ?? 0n) / NANO);
        sums.push(below);
    }
    return sums.reverse();
}

const dayText = (s: number) => new Date(s * 1000).toISOString().slice(5, 10);

/* Draws into `box`; the function that it returns takes the chart away. */
export function draw(box: HTMLElement, groups: Group[], days: string[]): () => void {
    const bars = uPlot.paths.bars!({ size: [0.7, 60] }),
        axis = {
            stroke: colour('--faint'),
            grid: { stroke: colour('--line'), width: 1 },
            ticks: { stroke: colour('--line') },
            font: '12px sans-serif',
        };
    const series = groups
        .map((_, i) => ({
            paths: bars,
            points: { show: false },
            fill: colour(`--series-${i}`),
            stroke: colour(`--series-${i}`),
            width: 0,
        }))
        .reverse();
    const x = days.map((d) => Date.parse(d + 'T00:00:00Z') / 1000);
    const last = x[x.length - 1]!,
        first = Math.min(x[0]!, last - DAYS_MIN * DAY_S);
    const plot = new uPlot(
        {
            width: box.clientWidth,
            height: HEIGHT,
            legend: { show: false },
            cursor: { show: false },
            padding: [8, 8, 0, 0],
            tzDate: (t) => uPlot.tzDate(new Date(t * 1000), 'UTC'),
            scales: {
                x: { time: true, range: () => [first - DAY_S / 2, last + DAY_S / 2] },
                y: { range: (_, _a, b) => [0, b > 0 ? b * 1.08 : 1] },
            },
            axes: [
                { ...axis, splits: (u) => ticks(first, last, u.width - Y_PX), values: (_, v) => v.map(dayText) },
                { ...axis, size: Y_PX, values: (_, v) => v.map((n) => `${+n.toPrecision(6)} USD`) },
            ],
            series: [{}, ...series],
        },
        [x, ...stacked(groups, days)] as uPlot.AlignedData,
        box,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT }));
    watch.observe(box);
    return () => {
        watch.disconnect();
        plot.destroy();
    };
}
