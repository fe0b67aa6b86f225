#!lua flags=allow-oom
local key = KEYS[1]
local action, tag, others, version, now, deadlines = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

-- Numbers are doubles here, which is exact for milliseconds; comparing the bytes would depend on the locale.
local function number(text, at)
    local value = 0
    for index = at, at + 7 do
        value = value * 256 + text:byte(index)
    end
    return value
end

local function crc32(text)
    local crc = -1
    for index = 1, #text do
        crc = bit.bxor(crc, text:byte(index))
        for _ = 1, 8 do
            local carry = -bit.band(crc, 1)
            crc = bit.bxor(bit.rshift(crc, 1), bit.band(0xEDB88320, carry))
        end
    end
    crc = bit.bnot(crc)
    local bytes = {}
    for index = 1, 4 do
        bytes[index] = string.char(bit.band(bit.rshift(crc, 32 - 8 * index), 255))
    end
    return table.concat(bytes)
end

-- Whether the tag is among the first `count` of `texts`; nil when they are cut off before that is clear.
local function carries(texts, count)
    local at = 1
    for _ = 1, count do
        local high, low = texts:byte(at, at + 1)
        if not low then
            return nil
        end
        local last = at + 1 + high * 256 + low
        if last > #texts then
            return nil
        end
        if texts:sub(at + 2, last) == tag then
            return true
        end
        at = last + 1
    end
    return false
end

local head = redis.pcall('GETRANGE', key, 0, 50)
local is_text = type(head) == 'string'
if head == '' and redis.call('EXISTS', key) == 0 then
    return 0
end
if not is_text or head:sub(1, 3) ~= 'ACE' then
    return others == 'take' and redis.call('UNLINK', key) or 0
end

-- An entry that is damaged, or that another version wrote, is dropped: nobody can say what it carries.
local is_whole = #head == 51 and head:sub(4, 4) == version
if is_whole and tag ~= '' then
    local count = head:byte(50) * 256 + head:byte(51)
    local carried = carries(redis.call('GETRANGE', key, 51, 4095), count)
    if carried == nil then
        carried = carries(redis.call('GETRANGE', key, 51, -1), count)
    end
    if carried == false then
        return 0
    end
    is_whole = carried ~= nil
end
if action == 'remove' or not is_whole then
    return redis.call('UNLINK', key)
end

local refresh_at, fresh_until, moment = number(head, 5), number(head, 13), number(now, 1)
if refresh_at > moment or fresh_until > moment then
    if refresh_at < moment or fresh_until < moment then
        local kept_refresh = refresh_at < moment and head:sub(5, 12) or now
        local kept_fresh = fresh_until < moment and head:sub(13, 20) or now
        local times = kept_refresh .. kept_fresh
        deadlines = times .. crc32(times)
    end
    redis.call('SETRANGE', key, 4, deadlines)
end
return 1
