/// The prose of the reference page that belongs to no single declaration.
enum ReferenceText {
    static let note =
        "<!-- Made from the declarations in this module. Change those; then write the page anew:\n"
        + "     MOONLINE_WRITE_REFERENCE=1 swift test --filter ReferenceTests -->"

    static let introduction = """
        A call flow is one Lua 5.4 file that returns an agent. This page is all that it may use. Blocks that are no whole \
        file are the inside of a handler: they have `call`, and the modules by their names.

        [A flow](#a-flow) · [Handlers](#handlers) · [`call`: what it knows](#call-what-it-knows) · \
        [`call`: what it does](#call-what-it-does) · [Modules](#modules) · [Errors](#errors) · \
        [Annotations are schemas](#annotations-are-schemas) · [Limits](#limits) · \
        [What differs from Lua 5.4](#what-differs-from-lua-54) · [What the host promises](#what-the-host-promises)
        """

    static let flow = """
        The public functions of `CallActions` are what the model may call. The comment above each one is what the model is \
        told of it, and the [annotations](#annotations-are-schemas) are the schema of its arguments. `self.call` is the \
        call. Names that begin with `_` are private.

        What an action returns goes back to the model: a text as it is, other plain data as JSON, `nil` and a message as \
        an error, nothing as success.
        """

    static let pipeline = """
        An agent in pipeline mode whose stages, turns and actions are not the usual ones. In other modes `stt`, `llm`, `tts`, \
        `turns`, `before_llm` and `before_tts` have no effect, and `moonline check` says so.
        """

    static let handlers = """
        A handler is a function in the agent's table. All are optional, and come here in the order of a call's life. The \
        handlers of one call run one at a time, in the order of what happened. A function that waits lets others start \
        meanwhile, and only there. A handler that outlives the call is cancelled; its `<close>` variables run.
        """

    static let fields = """
        Fields are read-only, but for what the script puts into `call.state`. They stand still while the script runs, and \
        are renewed when it waits.
        """

    static let functions = """
        A function that waits returns when what it asks for is done; the call goes on meanwhile, and other handlers may \
        run. Those that can fail return `nil`, a message and a [code](#errors) then. A wrong type of argument is an error \
        at the caller's line.
        """

    static let modules = """
        `require` finds these modules, and `.lua` files below the flow's own folder: `require "lib.prices"` is \
        `lib/prices.lua`. All that a flow requires is read when it is loaded; a handler cannot require a further file.
        """

    static let errors = """
        What goes wrong in the world is data: `nil`, a message for people, and one of these codes. What is wrong with the \
        script is a Lua error, with file and line.
        """

    static let annotations = """
        The annotations above an action are those of [LuaLS](https://luals.github.io/wiki/annotations/), and become the \
        JSON Schema of its arguments. Every parameter has one. Text above the first tag is the function's description, text \
        behind a type, or below its line, that of the parameter.
        """

    static let types = "With the declarations of this flow, types become:"

    static let otherAnnotations = """
        Arguments that do not fit the schema never reach the action; the model is told what is wrong with them. Classes, \
        aliases and enums may be declared anywhere in the flow's files. Private fields (`---@field private`) are left out. \
        `---@deprecated` is told to the model. `---@return` is for the editor.

        Refused, with what to write instead: functions and generic types, classes that contain themselves, lists with \
        optional elements, `---@overload`, `---@generic`, `---@vararg`. What annotations cannot say is given as a table, \
        `CallActions.schemas.NAME`, which stands in place of the annotations.
        """

    static let limits = """
        These hold for each call, unless the operator chooses others. Going over memory or processor time is an error in \
        that handler, and no `pcall` catches a spent budget; the call goes on with `on_error`.
        """

    static let differences = """
        Scripts have the basic functions and `string`, `table`, `math`, `utf8` and `coroutine`; the tables are read-only. \
        `print` writes to the host's log.

        - There is no `os`, `io`, `debug` or `package`, and no `dofile`, `loadfile`, `warn` or `string.dump`.
        - `load` takes a text, not a function, and no bytecode.
        - `setmetatable` refuses `__gc`. `<close>` variables work, also when a handler is cancelled.
        - `collectgarbage` knows `"count"` and `"step"`.
        - `math.random` starts from a seed of the call's own; `math.randomseed` wants a seed.
        - `table.insert`, `remove`, `sort` and `concat` refuse tables with `__len`.
        - A wait inside a coroutine of the script's own waits with the whole handler; the script's `resume` does not see it.
        """

    static let promises = """
        - **The sound never waits for a script.** A handler in an endless loop delays no packet of any call.
        - **A script is a guest.** It has so much memory and processor time, and so many timers, requests and log lines. \
        When it takes more it fails, and the callee hears the agent's `fallback`, not silence.
        - **No script brings the host down.** Whatever it does is that script's error.
        - **A change is taken whole or not at all.** An edited flow serves when all of its files are read and checked; \
        until then the old version does. A call stays with the version that it began with, unless the new one has \
        `on_handover`.
        - **Every error says where**: the call, the version of the script, file, line and function.
        - **The same again.** Given the same events, the same times and the same seed, a script does the same.
        """
}
