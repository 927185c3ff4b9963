/* ui/src: numbers, money, limits and the feed, without a browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './rig.mjs';

const f = await load('format.ts');
const limits = await load('limits.ts');
const live = await load('live.ts');

describe('money and numbers', () => {
    it('money keeps every digit that matters, and two decimals at least', () => {
        assert.equal(f.decimal('0.004750000'), '0.00475');
        assert.equal(f.decimal('12.000000000'), '12.00');
        assert.equal(f.decimal('-3.100000000'), '-3.10');
        assert.equal(f.usd('9223372036.854775807'), '9223372036.854775807 USD');
    });
    it('one call is one call', () => {
        assert.deepEqual([0, 1, 2, 12345].map(f.calls), ['0 calls', '1 call', '2 calls', '12\u202f345 calls']);
    });
    it('what is no number is shown as it is, and counts nothing', () => {
        assert.equal(f.decimal('<b>'), '<b>');
        assert.equal(f.nano('<b>'), 0n);
        assert.equal(f.nano(''), 0n);
    });
    it('sums are exact where floats are not', () => {
        assert.equal(f.nanoText(f.nano('0.1') + f.nano('0.2')), '0.300000000');
        assert.equal(f.nanoText(f.nano('9007199254.740993001') + 1n), '9007199254.740993002');
        assert.equal(f.nanoText(f.nano('-0.000000001')), '-0.000000001');
    });
    it('where there is little room money is to the cent, and a little is not nothing', () => {
        const short = (text) => f.usdShort(f.nano(text));
        assert.equal(short('0'), '0.00 USD');
        assert.equal(short('0.000000001'), '< 0.01 USD');
        assert.equal(short('0.009999999'), '< 0.01 USD');
        assert.equal(short('0.01'), '0.01 USD');
        assert.equal(short('72.0018'), '72.00 USD');
        assert.equal(short('72.005'), '72.01 USD');
    });
    it('a chart names as many days as have room, the last one always', () => {
        const days = (...n) => n.map((one) => one * f.DAY_S);
        assert.equal(f.ticks(0, 29 * f.DAY_S, 270).length <= 6, true);
        assert.deepEqual(f.ticks(0, 12 * f.DAY_S, 20), days(0, 12));
        assert.deepEqual(f.ticks(0, 3 * f.DAY_S, 900), days(0, 1, 2, 3));
        assert.equal(f.ticks(0, 364 * f.DAY_S, 5000).length <= 13, true);
    });
    it('a limit’s amount is in its meter’s unit', () => {
        assert.equal(f.amount('usd', '12.500000000'), '12.50 USD');
        assert.equal(f.amount('currency:EUR', '12.500000000'), '12.50 EUR');
        assert.equal(f.amount('currency:JPY', 5_000_000_000, true), '5.00 JPY');
        assert.equal(f.amount('tokens', 12), '12 tokens');
        assert.equal(f.plus('currency:EUR', '0.100000000', '0.200000000'), '0.300000000');
        assert.equal(f.share('currency:EUR', ['25.00'], '100.00'), 0.25);
    });
    it('a vendor’s amount is in its own currency and its own decimals', () => {
        assert.equal(f.vendorAmount({ amount: 500, currency: 'EUR', exponent: 2 }), '5.00 EUR');
        assert.equal(f.vendorAmount({ amount: 500, currency: 'JPY', exponent: 0 }), '500 JPY');
        assert.equal(f.vendorAmount({ amount: -5, currency: 'USD', exponent: 2 }), '-0.05 USD');
        assert.equal(f.vendorAmount({ amount: 1234, currency: 'KWD', exponent: 3 }), '1.234 KWD');
        assert.equal(f.vendorAmount({ amount: null, currency: 'USD', exponent: 2 }), '');
    });
    it('durations have one unit that fits', () => {
        assert.deepEqual([0, 999, 1000, 61000, 3600000, 90000000].map(f.span), [
            '0 ms',
            '999 ms',
            '1.0 s',
            '1 min 1 s',
            '1 h 0 min',
            '1 d 1 h',
        ]);
        assert.deepEqual([999, 1000, 99999, 1500000].map(f.micros), ['999 µs', '1.00 ms', '100.0 ms', '1.50 s']);
    });
    it('characters that hide or turn text are made visible', () => {
        assert.equal(f.visible('a\u202eb\u200bc\u0007'), 'a\\u202eb\\u200bc\\u0007');
        assert.equal(f.visible('plain ünïcode 漢字'), 'plain ünïcode 漢字');
    });
});

const key = { id: 'k1', agent: 'a/b', tenant: null, policy: 'default', mode: 'test' };
const bucket = (text, more = {}) => ({
    mode: 'test',
    bucket: text,
    settled: '1.0',
    held: '0.5',
    left: null,
    resets_at: null,
    ...more,
});
const limit = (more) => ({
    policy: 'default',
    key: null,
    id: 'l',
    meter: 'usd',
    window: 'day',
    by: ['agent'],
    max: '2.0',
    match: {},
    buckets: [],
    ...more,
});

describe('limits', () => {
    it('how much is taken counts what is held', () => {
        const [x] = limits.closest([limit({ buckets: [bucket('-')] })]);
        assert.equal(x.taken, 0.75);
        assert.equal(x.settled, 0.5);
    });
    it('a raise is room as long as it lasts', () => {
        const [x] = limits.closest([limit({ buckets: [bucket('-', { raised: '1.0' })] })]);
        assert.equal(x.taken, 0.5);
        assert.equal(limits.mostNow(x.limit, x.bucket), '3.000000000');
        assert.equal(limits.mostNow(limit({ max: null }), x.bucket), null);
        assert.equal(limits.mostNow(limit({ meter: 'tokens', max: 5 }), bucket('-', { raised: 3 })), 8);
    });
    it('a window names its zone', () => {
        assert.equal(limits.most(limit({ window: 'day:Asia/Tokyo', by: [] })), '2.00 USD a day in Asia/Tokyo');
        assert.equal(limits.most(limit({ window: 'sliding:1m', by: [] })), '2.00 USD in any 1m');
        assert.equal(limits.most(limit({ window: 'day', by: [] })), '2.00 USD a day');
    });
    it('the fullest comes first, and what has no most is left out', () => {
        const list = limits.closest([
            limit({ id: 'low', max: '100', buckets: [bucket('-')] }),
            limit({ id: 'gone', max: null, buckets: [bucket('-')] }),
            limit({ id: 'high', buckets: [bucket('-')] }),
        ]);
        assert.deepEqual(
            list.map((x) => x.limit.id),
            ['high', 'low'],
        );
    });
    it('a key meets its own limits and those of its document, and nobody else’s', () => {
        const all = [
            limit({ id: 'doc' }),
            limit({ id: 'other', policy: 'other' }),
            limit({ id: 'own', policy: null, key: 'k1' }),
            limit({ id: 'foreign', policy: null, key: 'k2' }),
            limit({ id: 'agents', match: { agent: ['x*'] } }),
            limit({ id: 'mine', match: { agent: ['a*'] } }),
        ];
        assert.deepEqual(
            limits.effective(all, key).map((e) => e.limit.id),
            ['doc', 'own', 'mine'],
        );
    });
    it('limits of documents above are a key’s too, and say where they are from', () => {
        const all = [
            limit({ id: 'own', policy: 'team', documents: ['team'] }),
            limit({ id: 'above', policy: 'company', documents: ['company', 'team'] }),
            limit({ id: 'other', policy: 'company', documents: ['company'] }),
            limit({ id: 'labelled', policy: 'team', documents: ['team'], match: { 'label.team': ['pay'] } }),
        ];
        const found = (labels) => limits.effective(all, { ...key, policy: 'team', labels });
        assert.deepEqual(
            found([]).map((e) => [e.limit.id, e.from]),
            [
                ['own', 'policy team'],
                ['above', 'policy company, which it extends'],
            ],
        );
        assert.equal(found(['team=pay']).length, 3);
    });
    it('patterns fit a key as they do in the daemon', () => {
        const fits = (pattern, labels, more) =>
            limits.effective([limit({ match: { 'label.team': [pattern] } })], { ...key, labels, ...more }).length === 1;
        assert.ok(fits('*', ['team=pay']) && !fits('*', ['tier=pay']), 'what a key has not is in no list');
        assert.ok(fits('pay*', ['team=payments']) && !fits('pay', ['team=payments']));
        assert.ok(fits('*.eu', ['team=ops.eu']) && !fits('*.eu', ['team=a.ops.eu']) && !fits('*.eu', ['team=.eu']));
        assert.ok(!fits('o.s.*', ['team=ops.eu']) && fits('o.*.eu*', ['team=o.x.eu-1']));
        assert.ok(fits('set:teams', ['team=pay']), 'who is in a set is not known here');
        const tenants = [limit({ match: { tenant: ['*'] } })];
        assert.equal(limits.effective(tenants, { ...key, tenant: null }).length, 0);
    });
    it('counters of other agents, tenants and modes are not a key’s', () => {
        const buckets = [
            'agent=a%2Fb',
            'agent=c',
            'run=-/a%2Fb/r1',
            'run=t/a%2Fb/r1',
            'run=-/c/r1',
            'tenant=-',
            'tenant=t',
            'customer=x',
        ].map((b) => bucket(b));
        const found = limits.effective(
            [limit({ buckets: [...buckets, bucket('agent=a%2Fb', { mode: 'live' })] })],
            key,
        );
        assert.deepEqual(
            found[0].buckets.map((b) => b.bucket.bucket),
            ['agent=a%2Fb', 'run=-/a%2Fb/r1', 'tenant=-', 'customer=x'],
        );
    });
});

describe('the feed', () => {
    const read = (...pieces) => {
        const seen = [],
            take = live.cutter((m) => seen.push(m));
        pieces.forEach(take);
        return seen;
    };
    it('messages come whole, however the stream is cut', () => {
        const text = 'id: 7\nevent: call\ndata: {"call_id":"c"}\n\nid: 8\r\nevent: event\r\ndata: {}\r\n\r\n';
        const whole = read(text);
        assert.deepEqual(
            whole.map((m) => [m.kind, m.id]),
            [
                ['call', '7'],
                ['event', '8'],
            ],
        );
        for (let i = 1; i < 40; i++) assert.deepEqual(read(text.slice(0, i), text.slice(i)).length, 2, `cut at ${i}`);
    });
    it('a comment and a message that is no JSON wake nobody', () => {
        assert.deepEqual(read(': alive\nid: 9\n\n', 'event: call\ndata: {"call_id":\n\n'), []);
    });
    it('a gap wakes every list', () => assert.equal(read('event: gap\ndata: {}\n\n')[0].kind, 'tick'));
});
