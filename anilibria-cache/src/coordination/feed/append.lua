#!lua flags=allow-oom
-- KEYS, ARGV and replies: see APPEND in feed.rs.
local stream, idempotency, checkpoint, fencing, call = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, most, oldest, channel, payload = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local window, is_idempotent, has_checkpoint, position, token = ARGV[6], ARGV[7] == '1', ARGV[8] == '1', ARGV[9], ARGV[10]
local before, fingerprint, metadata, version, call_ttl = ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15]

-- 1. Repetition: the client sends a command again if the connection is lost before the reply. Return the first outcome.
local outcome = redis.call('GET', call)
if outcome then
    return tonumber(outcome)
end

local function parts(text)
    local millis, sequence = string.match(text, '^(%d+)-(%d+)$')
    return tonumber(millis), tonumber(sequence)
end

-- 2. Fencing: reject a leader that another leader has replaced.
if token ~= '' then
    local last = redis.call('GET', fencing)
    if last and tonumber(last) > tonumber(token) then
        return -1
    end
    redis.call('SET', fencing, token)
end

-- 3. Deduplication: if the idempotency key was used before, the record is a duplicate if it has no fingerprint, the same
-- fingerprint, or a smaller version.
local is_duplicate = false
if is_idempotent then
    local last = redis.call('GET', idempotency)
    -- Values without a version were written before versions existed.
    local last_version, last_fingerprint = string.match(last or '', '^(%d+)@(.*)$')
    local is_superseded = string.find(version, '[1-9]') and version < (last_version or '')
    is_duplicate = last and (fingerprint == '' or fingerprint == (last_fingerprint or last) or is_superseded)
end
if not is_duplicate then
    local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
    local last_millis, last_sequence = parts(last and last[1] or '0-0')
    local before_millis, before_sequence = parts(before)
    -- 4. A lost stream must be restored before a record is appended, because older records cannot be added later.
    if before_millis > last_millis or (before_millis == last_millis and before_sequence > last_sequence) then
        return -2
    end
    -- 5. Order: the id must be greater than the last id of the stream.
    if last then
        local millis, sequence = parts(id)
        if millis < last_millis or (millis == last_millis and sequence <= last_sequence) then
            return last[1]
        end
    end
    -- 6. Append, trim, store the idempotency key, publish.
    if metadata == '' then
        redis.call('XADD', stream, 'MAXLEN', '=', most, id, 'payload', payload)
    else
        redis.call('XADD', stream, 'MAXLEN', '=', most, id, 'payload', payload, 'note', metadata)
    end
    redis.call('XTRIM', stream, 'MINID', '=', oldest)
    if is_idempotent then
        redis.call('SET', idempotency, fingerprint == '' and id or version .. '@' .. fingerprint, 'PX', window)
    end
    redis.call('PUBLISH', channel, payload)
end
-- 7. Checkpoint, atomically with the record: a writer that resumes from it must not append the record again.
if has_checkpoint then
    redis.call('SET', checkpoint, position)
end
redis.call('SET', call, is_duplicate and 0 or 1, 'PX', call_ttl)
return is_duplicate and 0 or 1
