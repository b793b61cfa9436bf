-- Posts messages: what `duet-bench rest --op send` asks for. FIRST_NO is new in every run, since a
-- device's number names a message for ever. The request is made of its two constant parts.
local people = dofile(os.getenv("SCRIPTS") .. "/people.lua")
local text = string.rep(".", tonumber(os.getenv("BYTES")) or 200)
local no = tonumber(os.getenv("FIRST_NO"))
local parts = {}
local turn = 0

function init()
    for i, token in ipairs(people.tokens) do
        local body = string.format('{"no":%016.0f,"text":"%s"}', no, text)
        local whole = wrk.format("POST", "/api/v1/chat/messages",
            { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }, body)
        local at = whole:find('{"no":', 1, true) + 6
        parts[i] = { front = whole:sub(1, at - 1), back = whole:sub(at + 16) }
    end
end

function request()
    turn = turn + 1
    if turn > #parts then
        turn = 1
        no = no + 1 -- everyone had this one
    end
    local part = parts[turn]
    return string.format("%s%016.0f%s", part.front, no, part.back)
end

function done(summary, latency)
    people.report(summary, latency)
end
