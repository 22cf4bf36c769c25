/// The Lua side of the persona interface: what `scripts/personas/README.md` documents for authors.
enum PersonaPrelude {
    static let chunkName = "persona-prelude"

    /// Returns a table whose `globals` a persona file sees, and the functions `describe` and `ask` for the host.
    static let source = #"""
        local prelude, globals = {}, {}
        local step_key = {}

        local function check(condition, message)
          if not condition then error(message, 3) end
        end

        local function step(fields)
          fields[step_key] = true
          return fields
        end

        function globals.say(text)
          check(type(text) == "string", "say: the text must be a string, not " .. type(text))
          return step { step = "say", text = text }
        end

        function globals.call(name, arguments)
          check(type(name) == "string", "call: the function's name must be a string, not " .. type(name))
          check(arguments == nil or type(arguments) == "table", "call: the arguments must be a table")
          return step { step = "call", name = name, arguments = arguments or {} }
        end

        function globals.pause(seconds)
          check(type(seconds) == "number" and seconds >= 0, "pause: the time must be a number of seconds")
          return step { step = "pause", seconds = seconds }
        end

        function globals.fail(code, message)
          check(type(code) == "string", "fail: the code must be a string")
          return step { step = "fail", code = code, message = message or code }
        end

        function globals.drop() return step { step = "drop" } end

        function globals.frame(text)
          check(type(text) == "string", "frame: the text must be a string")
          return step { step = "frame", text = text }
        end

        -- Days since 1970-01-01 and back (Howard Hinnant, "chrono-compatible low-level date algorithms").
        local function days_from_date(iso)
          local year, month, day = tostring(iso):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
          check(year, "date: '" .. tostring(iso) .. "' is not a day like 2026-12-01")
          year, month, day = tonumber(year), tonumber(month), tonumber(day)
          if month <= 2 then year = year - 1 end
          local era = year // 400
          local year_of_era = year - era * 400
          local day_of_year = (153 * (month > 2 and month - 3 or month + 9) + 2) // 5 + day - 1
          return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
        end

        local function date_from_days(days)
          days = days + 719468
          local era = days // 146097
          local day_of_era = days - era * 146097
          local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
          local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
          local shifted = (5 * day_of_year + 2) // 153
          local month = shifted < 10 and shifted + 3 or shifted - 9
          local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
          return string.format("%04d-%02d-%02d", year, month, day_of_year - (153 * shifted + 2) // 5 + 1)
        end

        local weekdays = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }
        local months = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December" }
        local ordinals = { "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
          "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
          "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third",
          "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth",
          "thirtieth", "thirty-first" }

        globals.date = {}

        -- The day `count` days after `iso`.
        function globals.date.add(iso, count) return date_from_days(days_from_date(iso) + count) end

        -- 1 is Monday.
        function globals.date.weekday(iso) return (days_from_date(iso) + 3) % 7 + 1 end

        -- "Tuesday, the first of December"
        function globals.date.spoken(iso)
          local weekday = globals.date.weekday(iso)
          local month, day = iso:match("^%d+%-(%d+)%-(%d+)$")
          return weekdays[weekday] .. ", the " .. ordinals[tonumber(day)] .. " of " .. months[tonumber(month)]
        end

        -- The day that words such as "tomorrow", "next tuesday" or "december first" mean on the day `today`; or nil.
        function globals.date.find(words, today)
          words = " " .. words:lower():gsub("%-", " "):gsub("[^%a%d']+", " ") .. " "
          if words:find(" day after tomorrow ", 1, true) then return globals.date.add(today, 2) end
          if words:find(" tomorrow ", 1, true) then return globals.date.add(today, 1) end
          if words:find(" today ", 1, true) then return today end
          for month, name in ipairs(months) do
            local at = words:find(" " .. name:lower() .. " ", 1, true)
            if at then
              local found, length
              for day, ordinal in ipairs(ordinals) do
                local spelled = " " .. ordinal:gsub("%-", " ") .. " "
                if words:find(spelled, at, true) and (not length or #spelled > length) then
                  found, length = day, #spelled
                end
              end
              if found then
                local year = tonumber(today:sub(1, 4))
                local iso = string.format("%04d-%02d-%02d", year, month, found)
                if iso < today then iso = string.format("%04d-%02d-%02d", year + 1, month, found) end
                return iso
              end
            end
          end
          for weekday, name in ipairs(weekdays) do
            if words:find(" " .. name:lower() .. " ", 1, true) then
              local ahead = (weekday - globals.date.weekday(today)) % 7
              return globals.date.add(today, ahead == 0 and 7 or ahead)
            end
          end
        end

        local fields = {
          phrases = "table", slots = "table", open_vocabulary = "boolean", voice = "string", unknown = "string",
          on_start = "function", on_text = "function", on_result = "function", on_instructions = "function",
        }

        function globals.persona(definition)
          check(type(definition) == "table", "persona: the definition must be a table")
          for name, value in pairs(definition) do
            local wanted = fields[name]
            check(wanted, "persona: there is no field '" .. tostring(name) .. "'")
            check(type(value) == wanted, "persona: " .. name .. " must be a " .. wanted .. ", not " .. type(value))
          end
          check(definition.on_text, "persona: on_text is missing")
          check(definition.phrases or definition.open_vocabulary, "persona: phrases are missing: what can it hear?")
          prelude.definition = definition
          return definition
        end

        -- What the host needs to know of the persona that the file returned.
        function prelude.describe(definition)
          if definition == nil or definition ~= prelude.definition then
            error("the file must end with: return persona { … }", 0)
          end
          return {
            phrases = definition.phrases or {}, slots = definition.slots or {},
            open_vocabulary = definition.open_vocabulary == true, voice = definition.voice,
          }
        end

        local function append(steps, value, name)
          if value == nil then return end
          if type(value) == "string" then value = globals.say(value) end
          if type(value) ~= "table" then
            error(name .. " must return a string, say(…), call(…), a list of them or nothing, not a "
              .. type(value), 0)
          end
          if value[step_key] then
            local copy = {}
            for key, member in pairs(value) do if key ~= step_key then copy[key] = member end end
            steps[#steps + 1] = copy
            return
          end
          for index = 1, #value do append(steps, value[index], name) end
        end

        local context = { state = {} }

        -- Whether the model may call the function of this name.
        function context:can(name)
          if self.any_tool then return true end
          for _, tool in ipairs(self.tools) do if tool == name then return true end end
          return false
        end

        local function handle(definition, event)
          if event.own_instructions and definition.on_instructions then
            local answer = definition.on_instructions(context, event.instructions)
            if answer ~= nil then return answer, "on_instructions" end
          end
          if event.kind == "start" then
            if definition.on_start then return definition.on_start(context), "on_start" end
            return nil, "on_start"
          end
          if event.kind == "results" then
            local answers = {}
            for _, result in ipairs(event.results) do
              if definition.on_result then
                append(answers, definition.on_result(context, result.name, result.result, result.arguments),
                  "on_result")
                for _, answer in ipairs(answers) do answer[step_key] = true end
              end
            end
            return answers, "on_result"
          end
          if event.heard == "" then
            return definition.unknown or "Sorry, I did not understand that.", "on_text"
          end
          local answer = definition.on_text(context, event.heard)
          if answer == nil then answer = definition.unknown end
          return answer, "on_text"
        end

        function prelude.ask(definition, event)
          context.instructions, context.tools, context.history = event.instructions, event.tools, event.history
          context.today, context.any_tool = event.today, event.any_tool
          local steps = {}
          local answer, name = handle(definition, event)
          append(steps, answer, name)
          return steps
        end

        prelude.globals = globals
        return prelude
        """#
}
