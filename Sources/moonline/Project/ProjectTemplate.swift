/// A new project: a flow that works, its test calls, and what editors and shells need.
struct ProjectTemplate: Sendable {
    struct File: Hashable, Sendable {
        /// Below the project's folder.
        let path: String
        let text: String
    }

    /// Everything that is written, in the order in which it is listed.
    var files: [File] {
        [
            File(path: "flows/outbound_caller.lua", text: shipped(PackageResources.outbound_caller_lua)),
            File(path: "tests/outbound_caller.lua", text: ProjectTemplate.testCall),
            File(path: "personas/dental_practice.lua", text: shipped(PackageResources.dental_practice_lua)),
            File(path: "README.md", text: ProjectTemplate.readme),
            File(path: ".env.example", text: ProjectTemplate.environment),
            File(path: ".luarc.json", text: ProjectTemplate.languageServer),
            File(path: ".gitignore", text: ProjectTemplate.ignored),
        ] + EditorDefinitions.files().map { File(path: "library/" + $0.name, text: $0.text) }
    }

    /// A file of the repository; there it stands in the folder `scripts`.
    private func shipped(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).replacing("scripts/flows/", with: "flows/")
            .replacing("-- README.md beside this file explains how a persona is written.\n", with: "")
    }

    private static let testCall = #"""
        -- Test calls of the flow outbound-caller: real calls over SIP and RTP on this machine, with a callee who does
        -- what stands here.

        local t = require "moonline.test"

        t.test("books another time", function(callee, agent)
          callee:answers { after = 1.0 }
          agent:says("dental practice")
          callee:says("Can I come tomorrow instead?")
          agent:calls("look_up_availability")
          agent:says(t.any { "one", "1 pm" })
          callee:says("Three is fine.")
          agent:calls("confirm_appointment", { time = t.like "3" })
        end)

        t.test("hangs up after the goodbye", function(callee, agent)
          callee:answers { after = 1.0 }
          agent:says("dental practice")
          callee:says("Thank you, goodbye.")
          agent:calls("end_call")
        end)

        """#

    private static let languageServer = #"""
        {
          "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
          "runtime.version": "Lua 5.4",
          "runtime.path": ["?.lua", "flows/?.lua"],
          "runtime.builtin": {
            "debug": "disable",
            "ffi": "disable",
            "io": "disable",
            "jit": "disable",
            "os": "disable",
            "package": "disable"
          },
          "workspace.library": ["library"],
          "workspace.checkThirdParty": false,
          "workspace.ignoreDir": [".moonline", "personas"]
        }

        """#

    private static let ignored = """
        # Keys and passwords
        .env
        # Database, recordings, transcripts and event logs of the host
        .moonline/

        """

    private static let environment = """
        # Copy this file to .env, and fill in what you have. The environment wins over .env.

        # The model: a key of OpenAI …
        OPENAI_API_KEY=
        # … or, without a key, the address that `moonline offline-model` prints.
        #OPENAI_BASE_URL=http://127.0.0.1:8089/v1

        # Flows with mode = "pipeline" can use other servers too, each with a key of its own …
        #MOONLINE_ENDPOINTS=backup=https://models.example.com/v1, house=http://127.0.0.1:8000/v1
        #MOONLINE_ENDPOINT_BACKUP_KEY=
        # … and ask these, in order, where the flow names none: NAME, NAME:MODEL or NAME:MODEL:API.
        #MOONLINE_STT=openai, house::transcriptions
        #MOONLINE_LLM=openai, backup
        #MOONLINE_TTS=openai, local
        # Seconds without a sign of life after which the next one is asked.
        #MOONLINE_LLM_PATIENCE=4

        # The telephone: a SIP trunk. `moonline trunk create` takes these values.
        #TWILIO_SIP_TERMINATION_ENDPOINT=example.pstn.twilio.com
        #TWILIO_OUTBOUND_CALLER_NUMBER=+15105550123
        #TWILIO_SIP_AUTH_USERNAME=
        #TWILIO_SIP_AUTH_PASSWORD=

        # This machine's address as the trunk sees it, when it is behind NAT.
        #MOONLINE_PUBLIC_ADDRESS=203.0.113.7

        # They guard the admin API. `moonline dev` has defaults; `moonline start` wants its own.
        #LIVEKIT_API_KEY=
        #LIVEKIT_API_SECRET=

        """

    private static let readme = """
        # A telephone agent

        | | |
        |---|---|
        | `flows/` | one Lua file an agent: what it may do, what it says, when it transfers |
        | `tests/` | test calls: what a callee does, and what the agent should |
        | `personas/` | what the offline model answers; not needed with a key |
        | `library/` | the scripting API for editors (LuaLS, see `.luarc.json`) |
        | `.env.example` | settings: copy it to `.env` |

        ## Hear it

        ```sh
        moonline demo            # a call between the agent and a callee, all on this machine; no key needed
        ```

        ## Change it

        ```sh
        cp .env.example .env     # an OpenAI key, or the offline model's address
        moonline dev             # runs the agent, and shows its conversations
        ```

        Edit `flows/outbound_caller.lua` while it runs: the change is checked and serves the next call; calls that run
        keep what they have. A mistake is shown with file and line, and the version before goes on serving.

        ```sh
        moonline versions        # what serves, and what served before
        moonline rollback outbound-caller
        moonline reload          # reads all flows now
        ```

        ## Test it

        ```sh
        moonline test --virtual  # the test calls on a virtual clock, in a moment
        moonline test            # the same over real SIP and RTP on this machine, in real time
        ```

        `moonline dev` plays a flow's tests whenever the flow is edited: a version that fails one does not serve.

        ## Ring a telephone

        Put the values of a SIP trunk into `.env`, then:

        ```sh
        moonline trunk create
        moonline call +15105550100
        ```

        """
}
