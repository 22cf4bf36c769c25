import LuaRuntime
import Testing

@Suite("Tables of host functions") struct FunctionTableTests {
    private final class Owner {
        let name: String
        var lines: [String] = []

        init(_ name: String) { self.name = name }
    }

    private static let functions = LuaFunctionTable([
        ("name", { .values([.string(($0.owner as? Owner)?.name ?? "?")]) }),
        (
            "note",
            { arguments in
                let place = arguments.caller.map { "\($0.file):\($0.line)" } ?? "?"
                (arguments.owner as? Owner)?.lines.append("\(arguments[1].text ?? "") at \(place)")
                return .none
            }
        ),
        ("wait", { _ in .wait }),
    ])

    @Test("one table serves many states; each body finds its own owner, the arguments and the caller's line")
    func owners() throws {
        for name in ["first", "second"] {
            let owner = Owner(name)
            let fixture = try Fixture()
            fixture.state.setGlobal("host", .table(fixture.state.makeTable(of: Self.functions, owner: owner)))
            fixture.state.setGlobal("other", .table(fixture.state.makeTable(of: Self.functions, owner: Owner("other"))))
            #expect(try fixture.results("return host.name(), other.name()") == [name, "other"])
            _ = try fixture.results("\nhost.note('x')")
            #expect(owner.lines == ["x at test.lua:2"])
        }
    }

    @Test("a coroutine that waits says where; one that has ended does not")
    func position() throws {
        let fixture = try Fixture()
        fixture.state.setGlobal("host", .table(fixture.state.makeTable(of: Self.functions)))
        let coroutine = try fixture.waiting(try fixture.start("\n\nhost.wait()\nreturn 1"))
        let position = fixture.state.position(of: coroutine)
        #expect(position?.file == "test.lua")
        #expect(position?.line == 3)
        _ = fixture.state.resume(coroutine, with: [])
        #expect(fixture.state.position(of: coroutine) == nil)
    }

    @Test("a new state with a table of forty functions holds little memory")
    func cost() throws {
        let functions = LuaFunctionTable((0..<40).map { ("function_\($0)", { _ in .none }) })
        let state = try LuaState(randomSeed: 1)
        let table = state.makeTable(of: functions)
        #expect(state.bytesUsed < 40_000)
        #expect(state.fieldNames(of: table).count == 40)
    }
}
