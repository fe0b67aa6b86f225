#!lua flags=allow-oom
local map, holder = KEYS[1], KEYS[2]
local token, clears = ARGV[1], ARGV[2] == '1'

if token ~= '' then
    local last = redis.call('GET', holder)
    if last and tonumber(last) > tonumber(token) then
        return 0
    end
    redis.call('SET', holder, token)
end

if clears then
    redis.call('DEL', map)
end
local puts = tonumber(ARGV[3])
-- Field by field: a call takes a limited number of arguments.
for at = 4, 2 + 2 * puts, 2 do
    redis.call('HSET', map, ARGV[at], ARGV[at + 1])
end
for at = 4 + 2 * puts, #ARGV do
    redis.call('HDEL', map, ARGV[at])
end
return 1
