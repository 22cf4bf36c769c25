/// Functions of the host by name, made once and shared by all states.
///
/// A body finds what it works on in ``LuaArguments/owner``, and so needs no closure for each state.
public final class LuaFunctionTable: Sendable {
    public typealias Body = @Sendable (LuaArguments) -> LuaHostResult

    let names: [String]
    let bodies: [Body]

    public init(_ functions: [(name: String, body: Body)]) {
        names = functions.map(\.name)
        bodies = functions.map(\.body)
    }
}
