#!lua flags=allow-oom
local stream, most = KEYS[1], ARGV[1]

local function parts(text)
    local millis, sequence = string.match(text, '^(%d+)-(%d+)$')
    return tonumber(millis), tonumber(sequence)
end

local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local last_millis, last_sequence = parts(last and last[1] or '0-0')
local restored = 0
for at = 2, #ARGV, 3 do
    local millis, sequence = parts(ARGV[at])
    if millis > last_millis or (millis == last_millis and sequence > last_sequence) then
        if ARGV[at + 2] == '' then
            redis.call('XADD', stream, 'MAXLEN', '=', most, ARGV[at], 'payload', ARGV[at + 1])
        else
            redis.call('XADD', stream, 'MAXLEN', '=', most, ARGV[at], 'payload', ARGV[at + 1], 'note', ARGV[at + 2])
        end
        restored = restored + 1
    end
end
if restored > 0 then
    redis.call('PUBLISH', stream, restored)
end
return restored
