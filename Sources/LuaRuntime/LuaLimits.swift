/// What a script may use.
public struct LuaLimits: Hashable, Sendable {
    /// Memory of the whole state. [byte]
    public var memory: Int
    /// Instructions of the virtual machine in one run: from a start or resumption to the next wait or the end.
    public var instructions: UInt64
    /// Processor time of one run.
    public var processorTime: Duration
    /// Bounds of a value that a script hands to the host as JSON.
    public var values: ValueLimits

    /// Length of a line that a script prints and of an error message; what goes beyond is cut off. [byte]
    public var lineBytes: Int

    /// Bounds of a table that becomes JSON.
    public struct ValueLimits: Hashable, Sendable {
        /// Tables inside tables.
        public var depth: Int
        /// Values, keys not counted.
        public var elements: Int
        /// Length of all strings together. [byte]
        public var bytes: Int

        public init(depth: Int = 64, elements: Int = 65_536, bytes: Int = 4 << 20) {
            self.depth = depth
            self.elements = elements
            self.bytes = bytes
        }
    }

    public init(
        memory: Int = 16 << 20, instructions: UInt64 = 10_000_000, processorTime: Duration = .milliseconds(100),
        values: ValueLimits = ValueLimits(), lineBytes: Int = 4096
    ) {
        self.memory = memory
        self.instructions = instructions
        self.processorTime = processorTime
        self.values = values
        self.lineBytes = lineBytes
    }
}
