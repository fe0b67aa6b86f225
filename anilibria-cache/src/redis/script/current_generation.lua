#!lua
local tag, keep, ttl = KEYS[1], tonumber(ARGV[1]), ARGV[2]

local value = redis.pcall('GET', tag)
if type(value) ~= 'string' or not value:find('^%d+ %d+$') then
    -- A generation is the time of its creation: one that was lost does not return.
    local time = redis.call('TIME')
    value = string.format('%.0f 0', time[1] * 1000000 + time[2])
    redis.call('SET', tag, value, 'PX', ttl)
elseif redis.call('PTTL', tag) < keep then
    redis.call('PEXPIRE', tag, ttl)
end
return value
