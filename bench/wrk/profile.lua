-- Reads profiles: what `duet-bench rest --op profile` asks for.
local people = dofile(os.getenv("SCRIPTS") .. "/people.lua")
local requests = {}
local turn = 0

function init()
    for i, token in ipairs(people.tokens) do
        requests[i] = wrk.format("GET", "/api/v1/user/profile",
            { ["Authorization"] = "Bearer " .. token })
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    people.report(summary, latency)
end
