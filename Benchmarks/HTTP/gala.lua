-- What wrk asks Gala: `wrk … -s gala.lua URL -- put|get TOKEN`.
local number = 0
function setup(thread)
  number = number + 1
  thread:set("number", number)
end
function init(arguments)
  math.randomseed(number * 7919 + os.time())
  verb = arguments[1] == "put" and "PUT" or "GET"
  headers = { ["Authorization"] = "Bearer " .. arguments[2] }
  value = arguments[1] == "put" and string.rep("v", 256) or nil
end
function request()
  return wrk.format(verb, string.format("/v1/kv/k%07d", math.random(0, 9999)), headers, value)
end
