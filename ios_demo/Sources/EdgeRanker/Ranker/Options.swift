/// What computes the model: the engine's module gives one, such as `EdgeReference`'s `.reference`.
public struct EngineChoice: Sendable {
    let name: String
    /// What its times depend on beside its name, such as how many threads it has.
    let variant: String
    let make: @Sendable (EdgeBundle) throws -> any Engine

    package init(_ name: String, variant: String = "1", make: @escaping @Sendable (EdgeBundle) throws -> any Engine) {
        self.name = name
        self.variant = variant
        self.make = make
    }
}

/// How a bundle is opened. With a key, one that its owner did not sign is refused.
public struct Options: Sendable {
    /// Where a ranker keeps what it then need not make again: the bundle's files, what was measured, summaries of items.
    public enum Directory: Sendable {
        /// `edge-ranker` in Application Support, out of every backup; elsewhere `EDGE_CACHE`, or `~/.cache/edge-ranker`.
        case standard
        /// A folder for this library alone, which the system does not empty while the app runs.
        case path(String)
        /// Nowhere: models are held in memory, and each opening measures.
        case memory
    }

    let engine: EngineChoice
    let directory: Directory
    let keepsSummaries: Bool
    let publicKey: PublicKey?
    let memoryMb: Double
    let logRows: Int

    /// `keepsSummaries`: whether `prepare` writes summaries to a file, which the next opening reads. `memoryMb`: MB of 10^6 bytes for summaries of texts between requests, 0 keeps none. `logRows`: how many candidates
    /// the log of what was served keeps, 0 logs nothing. Errors: numbers that cannot be.
    public init(
        engine: EngineChoice, publicKey: PublicKey? = nil, directory: Directory = .standard, keepsSummaries: Bool = true,
        memoryMb: Double = 64, logRows: Int = 1_000
    ) throws {
        if !(0...1e6).contains(memoryMb) { throw EdgeError("memoryMb is \(memoryMb)", fix: "0 to 1000000") }
        if !(0...1_000_000).contains(logRows) { throw EdgeError("logRows is \(logRows)", fix: "0 to 1000000") }
        self.engine = engine
        self.directory = directory
        self.keepsSummaries = keepsSummaries
        self.publicKey = publicKey
        self.memoryMb = memoryMb
        self.logRows = logRows
    }
}

/// What a request wishes: limits, or an exit, or nothing, which is the best exit.
public struct Budget: Sendable {
    let milliseconds: Double?
    let minAuc: Double?
    let exit: Exit?

    /// Neither a limit nor an exit.
    public static let none = Budget()

    private init() {
        milliseconds = nil
        minAuc = nil
        exit = nil
    }

    /// Errors: numbers that cannot be.
    public init(milliseconds: Double? = nil, minAuc: Double? = nil) throws {
        if let milliseconds, !(milliseconds > 0 && milliseconds.isFinite) {
            throw EdgeError("milliseconds is \(milliseconds)", fix: "above 0")
        }
        if let minAuc, !(minAuc > 0 && minAuc <= 1) { throw EdgeError("minAuc is \(minAuc)", fix: "above 0, at most 1") }
        self.milliseconds = milliseconds
        self.minAuc = minAuc
        exit = nil
    }

    public init(exit: Exit) {
        milliseconds = nil
        minAuc = nil
        self.exit = exit
    }
}
