#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then
    return redis.call('HSET', KEYS[1], 'until', '0')
end
return 0
