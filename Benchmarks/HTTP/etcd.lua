-- What wrk asks etcd's JSON gateway: `wrk … -s etcd.lua URL -- put|get`.
local number = 0
function setup(thread)
  number = number + 1
  thread:set("number", number)
end
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(text)
  local result = {}
  for place = 1, #text, 3 do
    local a, b, c = text:byte(place, place + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for shift = 3, 0, -1 do
      local digit = math.floor(bits / 64 ^ shift) % 64 + 1
      result[#result + 1] = letters:sub(digit, digit)
    end
    if not c then result[#result] = "=" end
    if not b then result[#result - 1] = "=" end
  end
  return table.concat(result)
end
function init(arguments)
  math.randomseed(number * 7919 + os.time())
  path = arguments[1] == "put" and "/v3/kv/put" or "/v3/kv/range"
  headers = { ["Content-Type"] = "application/json" }
  rest = arguments[1] == "put" and '","value":"' .. base64(string.rep("v", 256)) .. '"}' or '"}'
  keys = {}
  for key = 0, 9999 do keys[key] = base64(string.format("k%07d", key)) end
end
function request()
  return wrk.format("POST", path, headers, '{"key":"' .. keys[math.random(0, 9999)] .. rest)
end
