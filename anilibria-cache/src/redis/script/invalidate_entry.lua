#!lua flags=allow-oom
local key = KEYS[1]
local action, others, version, entry_version, deadlines = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local head = redis.pcall('GETRANGE', key, 0, 9)
if head == '' and redis.call('EXISTS', key) == 0 then
    return 0
end
local magic = type(head) == 'string' and head:sub(1, 3)
-- Values that begin with `ACE` are entries that were written before values had stamps.
if magic ~= 'ACR' and magic ~= 'ACE' then
    return others == 'take' and redis.call('UNLINK', key) or 0
end

local is_whole, offset = false, nil
if #head == 10 and head:sub(1, 4) == 'ACR' .. version then
    offset = 10 + 8 * (head:byte(9) * 256 + head:byte(10))
    local entry = redis.call('GETRANGE', key, offset, offset + 50)
    is_whole = #entry == 51 and entry:sub(1, 4) == 'ACE' .. entry_version
end
-- Damaged entries and entries of another version are removed: their deadlines cannot be changed.
if action == 'remove' or not is_whole then
    return redis.call('UNLINK', key)
end
redis.call('SETRANGE', key, offset + 4, deadlines)
return 1
