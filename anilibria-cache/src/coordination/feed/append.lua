#!lua flags=allow-oom
local stream, once, bookmark, holder = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, most, oldest, channel, payload = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local remember, is_once, is_marked, mark, token = ARGV[6], ARGV[7] == '1', ARGV[8] == '1', ARGV[9], ARGV[10]
local before, content, note, version = ARGV[11], ARGV[12], ARGV[13], ARGV[14]

local function parts(text)
    local millis, sequence = string.match(text, '^(%d+)-(%d+)$')
    return tonumber(millis), tonumber(sequence)
end

if token ~= '' then
    local last = redis.call('GET', holder)
    if last and tonumber(last) > tonumber(token) then
        return -1
    end
    redis.call('SET', holder, token)
end

local is_known = false
if is_once then
    local last = redis.call('GET', once)
    -- What was kept before there were versions is of none.
    local last_version, last_content = string.match(last or '', '^(%d+)@(.*)$')
    local is_overtaken = string.find(version, '[1-9]') and version < (last_version or '')
    is_known = last and (content == '' or content == (last_content or last) or is_overtaken)
end
if not is_known then
    local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
    local last_millis, last_sequence = parts(last and last[1] or '0-0')
    local before_millis, before_sequence = parts(before)
    -- It comes after what was there, or that could not be given back.
    if before_millis > last_millis or (before_millis == last_millis and before_sequence > last_sequence) then
        return -2
    end
    if last then
        local millis, sequence = parts(id)
        if millis < last_millis or (millis == last_millis and sequence <= last_sequence) then
            return last[1]
        end
    end
    if note == '' then
        redis.call('XADD', stream, 'MAXLEN', '=', most, id, 'payload', payload)
    else
        redis.call('XADD', stream, 'MAXLEN', '=', most, id, 'payload', payload, 'note', note)
    end
    redis.call('XTRIM', stream, 'MINID', '=', oldest)
    if is_once then
        redis.call('SET', once, content == '' and id or version .. '@' .. content, 'PX', remember)
    end
    redis.call('PUBLISH', channel, payload)
end
-- In the same step, or whoever goes on from it would tell twice what was told between the two.
if is_marked then
    redis.call('SET', bookmark, mark)
end
return is_known and 0 or 1
