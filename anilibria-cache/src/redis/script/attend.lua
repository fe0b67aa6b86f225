#!lua flags=allow-oom
local key, me, seconds, alive = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local present = {}
for i = 4, #ARGV do
    present[me .. ':' .. ARGV[i]] = true
end
for _, member in ipairs(redis.call('SMEMBERS', key)) do
    local instance = string.match(member, '^[^:]*')
    local is_gone
    if instance == me then
        is_gone = not present[member]
    else
        is_gone = redis.call('EXISTS', alive .. instance) == 0
    end
    if is_gone then
        redis.call('SREM', key, member)
    end
end
for member in pairs(present) do
    redis.call('SADD', key, member)
end
-- Who is there comes by now and then. When nobody does any more, nobody is there.
if #ARGV > 3 then
    redis.call('EXPIRE', key, seconds)
end
