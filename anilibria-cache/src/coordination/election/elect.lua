#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seat = redis.call('HMGET', KEYS[1], 'holder', 'until', 'token')
local held = seat[2] and tonumber(seat[2]) > now
if held and seat[1] ~= ARGV[1] then
    return 0
end
local token = tonumber(seat[3] or 0)
if not held then
    -- No smaller than the time, so that tokens which were lost do not come again.
    token = math.max(token + 1, now)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]),
    'token', string.format('%.0f', token))
return token
