/* types.ts - what the admin API answers (src/admin/fields.tbl.h); fields that no screen shows are left out. */

export type How = 'parsed' | 'priced' | 'estimated' | 'unknown';
export interface Money {
    usd: string;
    how: How;
}
export type Verdict = 'permit' | 'deny' | 'approve';
export type Outcome = 'settled' | 'released' | 'unknown' | 'none' | null;

export interface CallLimit {
    id: string;
    bucket: string | null;
    meter: string;
    window: string;
    n: number;
    before: number;
    held: number;
    after: number;
    max: number;
    resets_at: string | null;
}
export interface ToolCall {
    id: string | null;
    name: string | null;
    args_hash: string | null;
}
export interface Cause {
    call_id: string | null;
    tool_call_id: string;
    how: 'explicit' | 'observed' | 'inferred';
}
export interface Attempt {
    n: number;
    kind: string;
    method?: string;
    path?: string;
    target?: string;
    status?: number;
    error?: string;
    bytes_in?: number;
    bytes_out?: number;
    started_us?: number;
    total_us?: number;
}
export interface Call {
    call_id: string;
    seq: number;
    started_at: string;
    ended_at: string | null;
    run_id: string | null;
    run_source: string | null;
    run_trust: string | null;
    parent_run_id: string | null;
    trace_id: string | null;
    layer: 'llm' | 'saas' | null;
    vendor: string | null;
    operation: string | null;
    class: string | null;
    method: string | null;
    path: string | null;
    mode: string | null;
    model_asked: string | null;
    model_sent: string | null;
    model_returned: string | null;
    key: string | null;
    agent: string | null;
    owner: string | null;
    user?: string | null;
    tenant: string | null;
    customer: string | null;
    customer_source: string | null;
    verdict: Verdict;
    code: string | null;
    approval?: { id: string; name: string; by: string[]; at: string | null } | null;
    rule: string | null;
    reason: string | null;
    limits: CallLimit[] | null;
    policy: string | null;
    policy_name: string | null;
    predicted: Money | null;
    held: Money | null;
    settled: Money | null;
    outcome: Outcome;
    resolved_at: string | null;
    resolved_by: string | null;
    direction: string | null;
    amount: number | null;
    currency: string | null;
    exponent: number | null;
    tokens: Record<string, number> | null;
    tokens_how: string | null;
    catalog: string | null;
    tool_calls: ToolCall[] | null;
    caused_by: Cause | null;
    attempts: Attempt[] | null;
    status: number | null;
    error: string | null;
    vendor_request_id: string | null;
    object_ids: string[] | null;
    idempotency_key: string | null;
    stream_end: string | null;
    overrun: boolean | null;
    shares: string | null;
    phases: Record<string, number> | null;
    bytes_in: number | null;
    bytes_out: number | null;
    chain: string | null;
}
/* Of one side, where a policy asks to keep it. */
export interface KeptBody {
    side: 'request' | 'response';
    at: string;
    bytes: number;
    content_type: string | null;
    encoding: string | null;
    truncated: boolean;
    not_kept: string | null;
    why: string | null;
    text?: string;
    base64?: string;
}
export interface CallBodies {
    call_id: string;
    bodies: KeptBody[];
    why: string | null;
}
export interface Why {
    call: Call;
    explanation: { topic: string; text: string }[];
}

/* A call as it stands on one customer's account: nothing of another customer is in it. */
export interface CustomerCall
    extends Pick<
        Call,
        | 'call_id'
        | 'seq'
        | 'started_at'
        | 'ended_at'
        | 'agent'
        | 'run_id'
        | 'operation'
        | 'verdict'
        | 'outcome'
        | 'direction'
        | 'amount'
        | 'currency'
        | 'exponent'
        | 'settled'
    > {
    attribution: 'proven' | 'inferred';
    source: string | null;
}
export interface CustomerAccount {
    customer: {
        customer: string;
        proven: number;
        inferred: number;
        unattributed: number;
        objects: number;
        first_at: string | null;
        last_at: string | null;
    };
    calls: CustomerCall[];
}

export interface Run {
    run_id: string;
    agent: string | null;
    tenant: string | null;
    calls: number;
    denied: number;
    unknown: number;
    settled: Money | null;
    held?: Money | null;
    first: string | null;
    last: string | null;
}
export interface RunTotal {
    layer: string | null;
    vendor: string | null;
    calls: number;
    denied: number;
    unknown: number;
    settled: Money | null;
    held: Money | null;
}
export interface RunLimit {
    id: string;
    bucket: string;
    meter: string;
    window: string;
    settled: Amount;
    held: Amount;
    max: Amount;
}
export interface RunWhole extends Run {
    totals: RunTotal[];
    tokens: Record<string, number> | null;
    tool_calls: number;
    limits: RunLimit[];
}

export type Amount = string | number;
export interface Bucket {
    mode: string;
    bucket: string;
    settled: Amount;
    held: Amount;
    left: Amount | null;
    raised?: Amount;
    is_past_soft?: boolean;
    resets_at: string | null;
}
export interface Limit {
    policy: string | null;
    documents?: string[];
    in_force?: boolean;
    key: string | null;
    id: string;
    meter: string;
    window: string;
    by: string[];
    max: Amount | null;
    soft?: Amount;
    when?: string | null;
    match: Record<string, string[]>;
    buckets: Bucket[];
}
export interface Key {
    id: string;
    status: string;
    agent: string;
    owner: string | null;
    tenant: string | null;
    mode: string;
    policy: string;
    limits: string[] | null;
    labels?: string[];
    created_at: string | null;
    expires_at: string | null;
    revoked_at: string | null;
    last_used_at?: string | null;
}
export interface SpendRow {
    day: string | null;
    layer?: string | null;
    vendor: string | null;
    model: string | null;
    class: string | null;
    agent: string | null;
    key: string | null;
    calls: number;
    settled: Money | null;
    held: Money | null;
    denied?: number;
    unknown?: number;
}
export interface Sentence {
    kind: string;
    id: string;
    effect: string;
    text: string;
}
export interface Policy {
    name: string;
    version: number;
    digest: string;
    applied_at?: string | null;
    mode?: string;
    observe_until?: string | null;
    shadow?: { version: number; digest: string; applied_at: string } | null;
    document: unknown;
    sentences?: Sentence[];
}
export interface PolicyVersion {
    name: string;
    version: number;
    digest: string;
    applied_at: string;
    by: string;
    is_active: boolean;
    document: string;
}
export interface Diag {
    line: number;
    col: number;
    code: string;
    message: string;
    is_warning: boolean;
}
export interface PolicyChange {
    change: string;
    kind: string;
    id: string;
    opens: boolean;
    before: string | null;
    after: string | null;
    keeps_count?: boolean;
}
export interface PolicyDiff {
    changes: PolicyChange[];
}
export interface PlanSide {
    verdict: string;
    code: string | null;
    by: string | null;
}
interface PlanNames {
    n: number;
    names: string[];
}
export interface PlanSum {
    calls: number;
    moves_value: number;
    usd: string;
    unpriced: number;
    agents: PlanNames;
    customers: PlanNames;
    groups: { operation: string; class: string; agent: string; calls: number; usd: string; was: PlanSide; becomes: PlanSide }[];
    more_groups: number;
}
export interface PlanChanged {
    change: string;
    call_id: string;
    at: string;
    agent: string;
    operation: string;
    usd: string | null;
    was: PlanSide;
    becomes: PlanSide;
    reason: string | null;
}
export interface PolicyPlan {
    calls: number;
    replayed: number;
    unchanged: number;
    permitted: PlanSum;
    denied: PlanSum;
    asked: PlanSum;
    not_replayable: { calls: number; reasons: { reason: string; text: string; calls: number }[] };
    undecided: number;
    recorded_otherwise: number;
    fresh_limits: string[];
    is_safe: boolean;
    changed: PlanChanged[];
}
export interface Vendor {
    name: string;
    connector: string;
    target: string;
    mode: string;
    url: string;
    is_simulated: boolean;
    has_secret: boolean;
    operations?: Operation[];
}
export interface Operation {
    id?: string;
    operation?: string;
    name?: string;
    class?: string;
    method?: string;
    path?: string;
}
export interface Health {
    status: string;
    killed: boolean;
    keys: number;
    policies: number;
    vendors_without_secret: number;
    buckets: number;
    open_calls: number;
    unknown_outcomes: number;
    ledger_balances: boolean;
    observe: { policy: string; vendors: string; until: string }[];
    reload_refused_at?: string;
    reload_refused?: string;
    journal_seq: number;
    journal_synced_seq: number;
    store_seq: number;
    store_lag_frames: number;
    journal_bytes: number;
}
export interface Approval {
    id: string;
    state: 'pending' | 'approved' | 'denied' | 'used' | 'expired';
    approval: string;
    quorum: number;
    yes: number;
    asks: string[];
    asked_at: string;
    expires_at: string;
    decided_at: string | null;
    votes: { by: string; says: 'yes' | 'no'; note: string | null; at: string }[];
    used_by: string | null;
    tenant: string | null;
    action: {
        text: string;
        call_id: string;
        run_id: string;
        agent: string;
        operation: string;
        class: string;
        mode: string;
        amount: number | null;
        currency: string | null;
        exponent: number | null;
        cost: Money | null;
        rule: string | null;
        reason: string;
    };
    who: {
        text: string;
        owner: string | null;
        user: string | null;
        user_is_proven: boolean;
        customer: string | null;
        path: string;
        params: Record<string, unknown>;
        is_cut: boolean;
    } | null;
}
export interface Event {
    seq: number;
    at: string;
    event: string;
    by: string;
    [more: string]: unknown;
}
export interface Check {
    name: string;
    status: 'ok' | 'warn' | 'fail';
    text: string;
    fix: string | null;
}
export interface Found {
    kind: string;
    id: string;
    call_id: string | null;
    run_id: string | null;
    agent: string | null;
    tenant: string | null;
    at: string | null;
}
export interface Session {
    name: string;
    roles: string[];
    tenant: string | null;
    expires_at: string | null;
    csrf?: string;
}
export interface Person {
    name: string;
    kind: string;
    roles: string[];
    tenant: string | null;
    status: string;
    created_at: string | null;
    expires_at: string | null;
    revoked_at: string | null;
    last_seen_at: string | null;
}
export interface Agent {
    agent: string;
    owner: string | null;
    registered: boolean;
    status: string;
    keys: number;
    changed_at: string | null;
}
