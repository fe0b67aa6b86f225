#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'holder', 'until', 'token')
local is_held = lease[2] and tonumber(lease[2]) > now
if is_held and lease[1] ~= ARGV[1] then
    return 0
end
local token = tonumber(lease[3] or 0)
if not is_held then
    -- Not smaller than the time, so that tokens which were lost with the data are not issued again.
    token = math.max(token + 1, now)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]),
    'token', string.format('%.0f', token))
return token
