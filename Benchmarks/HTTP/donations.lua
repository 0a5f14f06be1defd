-- What wrk gives to Gala: `wrk … -s donations.lua URL -- NAME TOKENS CAUSES`, two files with a token and a cause's id on
-- each line. Every gift has a key of its own; at the end all latencies are told in a thousand steps.
local number = 0
function setup(thread)
  number = number + 1
  thread:set("number", number)
end
local function lines(path)
  local result = {}
  for line in io.lines(path) do result[#result + 1] = line end
  return result
end
function init(arguments)
  math.randomseed(number * 7919 + os.time())
  keys = arguments[1] .. "-" .. number .. "-"
  count = 0
  heads = {}
  for place, token in ipairs(lines(arguments[2])) do
    heads[place] = "POST /v1/donations HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "
      .. token .. "\r\nIdempotency-Key: " .. keys
  end
  gifts = {}
  for place, cause in ipairs(lines(arguments[3])) do
    gifts[place] = '{"allocations":[{"eventId":"' .. cause .. '","amount":'
  end
end
function request()
  count = count + 1
  local body = gifts[math.random(#gifts)] .. math.random(100) .. '}],"currency":"USD","source":{"type":"wallet"}}'
  return heads[math.random(#heads)] .. count .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("told %d %d %d %d\n", summary.requests, summary.duration, errors.status, broken))
  local steps = {}
  for step = 1, 1000 do steps[step] = string.format("%d", latency:percentile(step / 10 - 0.05)) end
  io.write("latencies ", table.concat(steps, " "), "\n")
end
