-- The people of `duetctl seed --out`, for wrk's scripts. PEOPLE names the file, COUNT how many are
-- taken. wrk asks for one request after the other, whichever connection it is for: they take turns.
local people = { tokens = {} }

local limit = tonumber(os.getenv("COUNT")) or 100
for line in io.lines(os.getenv("PEOPLE")) do
    local token = line:match('"access_token":%s*"([^"]+)"')
    if token and #people.tokens < limit then
        people.tokens[#people.tokens + 1] = token
    end
end
if #people.tokens == 0 then
    error("no people in the file that PEOPLE names")
end

-- What wrk found, on one line.
function people.report(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "figures per_s=%.0f p50_us=%d p99_us=%d max_us=%d requests=%d wrong=%d\n",
        summary.requests * 1e6 / summary.duration, latency:percentile(50), latency:percentile(99),
        latency.max, summary.requests,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end

return people
