#!lua flags=allow-oom
local dead = {}
for i = 1, #ARGV do
    dead[ARGV[i]] = true
end
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    if dead[string.match(member, '^[^:]*')] then
        redis.call('SREM', KEYS[1], member)
    end
end
