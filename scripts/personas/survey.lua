-- The agent's part in the survey: plays the language model for scripts/flows/survey.lua.
--
-- It asks what the flow's actions return, word for word. README.md beside this file explains how a persona is written.

local scores = { one = 1, two = 2, three = 3, four = 4, five = 5 }

local phrases = {
  "(yes|yeah|sure|of course|okay|all right|go ahead) [please]",
  "no [thanks|thank you]",
  "(not now|i have no time|i'm busy|i am busy)",
  "[please] (never call me|do not call me|don't call me) again",
  "[i (would say|say)|a|it's a] {score} [out of five|points] [please]",
  "(can|could) you (repeat|say) that [again] [please]",
  "(pardon|sorry|excuse me|what was that)",
  "[please] leave (a|your|me a) message [after the (tone|beep)]",
  "after the (tone|beep)",
  "(you've|you have) reached the voicemail [of]",
}

-- Whether one of `words` stands in `heard` as whole words.
local function has(heard, ...)
  local padded = " " .. heard .. " "
  for _, words in ipairs { ... } do
    if padded:find(" " .. words .. " ", 1, true) then return true end
  end
  return false
end

local function find_score(heard)
  for word in heard:gmatch "%a+" do
    if scores[word] then return scores[word] end
  end
end

-- Remembers the sentence, for those who ask to hear it again.
local function speak(context, text)
  context.state.last = text
  return say(text)
end

return persona {
  phrases = phrases,
  slots   = { score = { "one", "two", "three", "four", "five" } },
  voice   = "slt",
  unknown = "I am sorry, I did not get that.",

  on_text = function(context, heard)
    if has(heard, "message", "voicemail", "the tone", "the beep") then return call("detected_answering_machine") end
    if has(heard, "repeat", "again", "pardon", "sorry", "excuse me", "what was that") and context.state.last
      and not has(heard, "call me") then
      return say(context.state.last)
    end
    if has(heard, "call me") then return call("decline_survey", { never = true }) end
    if has(heard, "no", "not now", "no time", "busy") then return call("decline_survey", { never = false }) end
    local score = find_score((heard:gsub("out of five", "")))
    if score then return call("record_answer", { score = score }) end
    if has(heard, "yes", "yeah", "sure", "of course", "okay", "all right", "go ahead") then
      return call("begin_survey")
    end
  end,

  on_result = function(context, _, result)
    if type(result) ~= "table" then return end
    if result.ask then return speak(context, result.ask) end
    if result.error then return say("May I ask you first?") end
  end,
}
