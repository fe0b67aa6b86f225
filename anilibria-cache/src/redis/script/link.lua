#!lua
local tag, entry, keep = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('ZREMRANGEBYSCORE', tag, '-inf', '(' .. now)
redis.call('ZADD', tag, 'GT', now + keep, entry)
-- No expiry yet is -1, which is less, too.
if redis.call('PTTL', tag) < keep then
    redis.call('PEXPIRE', tag, keep)
end
