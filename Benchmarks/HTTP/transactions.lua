-- What wrk asks Gala: `wrk … -s transactions.lua URL -- TOKEN PARTS PREFIXES`. A transaction writes a key of 64 bytes' value in
-- each of so many partitions, drawn anew each time; each partition has a prefix of its own, and 10,000 keys.
local number = 0
function setup(thread)
  number = number + 1
  thread:set("number", number)
end
function init(arguments)
  math.randomseed(number * 7919 + os.time())
  parts = tonumber(arguments[2])
  prefixes = {}
  for prefix in arguments[3]:gmatch("[^,]+") do prefixes[#prefixes + 1] = prefix end
  head = "POST /v1/kv/transactions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "
    .. arguments[1] .. "\r\nContent-Length: "
  value = '","value":"' .. string.rep("dmFs", 22) .. '"}'
end
function request()
  local writes = {}
  for part = 1, parts do
    local place = math.random(part, #prefixes)
    prefixes[part], prefixes[place] = prefixes[place], prefixes[part]
    writes[part] = string.format('{"key":"%s%04d', prefixes[part], math.random(0, 9999)) .. value
  end
  local body = '{"writes":[' .. table.concat(writes, ",") .. "]}"
  return head .. #body .. "\r\n\r\n" .. body
end
