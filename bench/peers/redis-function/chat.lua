#!lua name=chat

-- Adds a text to the couple's stream and publishes it with its place there, as one step.
redis.register_function('send', function(keys, args)
    local place = redis.call('XADD', keys[1], '*', 't', args[2])
    redis.call('PUBLISH', args[1], place .. ' ' .. args[2])
    return place
end)
