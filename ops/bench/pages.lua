-- Requests of wrk: the paths of a file in turn, each from another address as a reverse proxy tells
-- it, so that nobody uses up an allowance. What came of it is printed as a line of JSON.

local CALLERS = 250
local paths, sent = {}, 0

function init(args)
    for path in io.lines(args[1]) do
        paths[#paths + 1] = path
    end
end

function request()
    sent = sent + 1
    local address = "203.0.113." .. sent % CALLERS
    return wrk.format("GET", paths[sent % #paths + 1], {["X-Forwarded-For"] = address})
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
