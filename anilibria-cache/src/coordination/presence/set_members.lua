#!lua flags=allow-oom
local key, me, seconds = KEYS[1], ARGV[1], ARGV[2]
local present = {}
for i = 3, #ARGV do
    present[me .. ':' .. ARGV[i]] = true
end
local others, seen = {}, {}
for _, member in ipairs(redis.call('SMEMBERS', key)) do
    local instance = string.match(member, '^[^:]*')
    if instance ~= me then
        if not seen[instance] then
            seen[instance] = true
            table.insert(others, instance)
        end
    elseif not present[member] then
        redis.call('SREM', key, member)
    end
end
for member in pairs(present) do
    redis.call('SADD', key, member)
end

if #ARGV > 2 then
    redis.call('EXPIRE', key, seconds)
end
return others
