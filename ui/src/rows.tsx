/*
 * rows.tsx - a list of any length: only the rows in sight are in the page, so that ten thousand scroll like ten.
 *
 * One stop of the Tab key; arrows, Home, End and Page keys move in it, Enter opens. Every row has the same height.
 */
import type { ComponentChildren } from 'preact';
import { isAfterG } from './keys_help';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const AHEAD = 8;

export interface Column<T> {
    name: string;
    class: string;
    cell: (row: T, i: number) => ComponentChildren;
}

interface Props<T> {
    label: string;
    rows: T[];
    columns: Column<T>[];
    idOf: (row: T) => string;
    classOf?: (row: T) => string;
    selected?: string; /* id of the row that stands open */
    onOpen?: (row: T) => void;
    onEnd?: () => void; /* the last row came into sight: there may be more */
    rowPx?: number;
    overlay?: (from: number, to: number) => ComponentChildren;
    class?: string;
}

export function Rows<T>(p: Props<T>) {
    const { rows, rowPx = 30 } = p;
    const box = useRef<HTMLDivElement>(null);
    const [top, setTop] = useState(0),
        [height, setHeight] = useState(600);
    const [cursor, setCursor] = useState(0);
    const from = Math.max(0, Math.floor(top / rowPx) - AHEAD);
    const to = Math.min(rows.length, Math.ceil((top + height) / rowPx) + AHEAD);
    const at = Math.min(cursor, rows.length - 1);

    useLayoutEffect(() => {
        const el = box.current!;
        const watch = new ResizeObserver(() => setHeight(el.clientHeight));
        watch.observe(el);
        setHeight(el.clientHeight);
        return () => watch.disconnect();
    }, []);

    useEffect(() => {
        if (to >= rows.length) p.onEnd?.();
    }, [to, rows.length]);

    /* The row that stands open is the one that the arrows start from. */
    useEffect(() => {
        const i = p.selected ? rows.findIndex((r) => p.idOf(r) === p.selected) : -1;
        if (i >= 0) move(i);
    }, [p.selected, rows.length > 0]);

    function move(to: number): void {
        const i = Math.max(0, Math.min(rows.length - 1, to)),
            el = box.current!,
            head = rowPx;
        setCursor(i);
        const y = i * rowPx;
        if (y < el.scrollTop) el.scrollTop = y;
        else if (y + rowPx > el.scrollTop + el.clientHeight - head) el.scrollTop = y + rowPx + head - el.clientHeight;
    }

    function onKey(e: KeyboardEvent): void {
        if (e.target !== box.current || e.ctrlKey || e.metaKey || e.altKey || isAfterG()) return;
        const page = Math.max(1, Math.floor(height / rowPx) - 2);
        const by: Record<string, number> = {
            ArrowDown: at + 1,
            j: at + 1,
            ArrowUp: at - 1,
            k: at - 1,
            PageDown: at + page,
            PageUp: at - page,
            Home: 0,
            End: rows.length - 1,
        };
        if (e.key in by) move(by[e.key]!);
        else if (e.key === 'Enter' && rows[at]) p.onOpen?.(rows[at]!);
        else return;
        e.preventDefault();
        e.stopPropagation();
    }

    const width = p.columns.length;
    return (
        <div
            ref={box}
            class={'rows ' + (p.class ?? '')}
            role="grid"
            tabIndex={0}
            aria-label={p.label}
            aria-rowcount={rows.length + 1}
            aria-colcount={width}
            aria-activedescendant={rows[at] && at >= from && at < to ? 'row-' + p.idOf(rows[at]!) : undefined}
            onScroll={(e) => setTop(e.currentTarget.scrollTop)}
            onKeyDown={onKey}>
            <div class="row row-head" role="row" aria-rowindex={1}>
                {p.columns.map((c) => (
                    <span key={c.name} role="columnheader" class={'cell ' + c.class}>
                        {c.name}
                    </span>
                ))}
            </div>
            <div class="row-space" role="rowgroup" style={{ height: rows.length * rowPx + 'px' }}>
                {p.overlay && (
                    <div class="row-overlay" aria-hidden="true">
                        {p.overlay(from, to)}
                    </div>
                )}
                {rows.slice(from, to).map((row, k) => {
                    const i = from + k,
                        id = p.idOf(row),
                        isOpen = p.selected === id;
                    return (
                        <div
                            key={id}
                            id={'row-' + id}
                            role="row"
                            aria-rowindex={i + 2}
                            aria-selected={isOpen}
                            class={
                                'row' +
                                (i === at ? ' row-cursor' : '') +
                                (isOpen ? ' row-open' : '') +
                                ' ' +
                                (p.classOf?.(row) ?? '')
                            }
                            style={{ transform: `translateY(${i * rowPx}px)` }}
                            onClick={(e) => {
                                if ((e.target as Element).closest('a,button')) return;
                                setCursor(i);
                                p.onOpen?.(row);
                            }}>
                            {p.columns.map((c) => (
                                <span key={c.name} role="gridcell" class={'cell ' + c.class}>
                                    {c.cell(row, i)}
                                </span>
                            ))}
                        </div>
                    );
                })}
            </div>
        </div>
    );
}
