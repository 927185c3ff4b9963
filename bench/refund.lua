-- bench/refund.lua - a refund of its own at every request: wrk -s refund.lua URL -- FIRST_LINE_OF_KEYS
-- Each thread counts apart; together with the start time no idempotency key comes twice, in this run or another.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("thread_number", threads)
end

function init(args)
    n = 0
    prefix = "bench-" .. (args[1] or "x") .. "-" .. thread_number .. "-"
    wrk.method = "POST"
    wrk.body = "charge=ch_bench&amount=100&currency=usd"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
    n = n + 1
    wrk.headers["Idempotency-Key"] = prefix .. n
    return wrk.format()
end
