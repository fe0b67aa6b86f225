#!lua flags=allow-oom
local tag, action, ttl = KEYS[1], ARGV[1], ARGV[2]

local value = redis.pcall('GET', tag)
local current, removed = string.match(type(value) == 'string' and value or '', '^(%d+) (%d+)$')
if not current and action == 'expire' then
    -- Without a generation, no entry with the tag is fresh.
    return
end
local time = redis.call('TIME')
-- Not smaller than the time, so that a generation that was lost does not return.
local next = string.format('%.0f', math.max((current or 0) + 1, time[1] * 1000000 + time[2]))
value = next .. ' ' .. (action == 'remove' and next or removed)
if current then
    redis.call('SET', tag, value, 'KEEPTTL')
else
    redis.call('SET', tag, value, 'PX', ttl)
end
