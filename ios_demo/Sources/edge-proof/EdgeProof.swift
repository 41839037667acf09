import EdgeRanker
import EdgeReference
import EdgeLiteRT

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let help = """
    edge-proof bundles cases.bin                            opens damaged bundles, and compares each verdict with Python's
    edge-proof turns movies.edge ENGINE [LIBRARY]           answers requests, one a line, with what each took
    edge-proof leaks movies.edge RANKS ENGINE [LIBRARY]     ranks for 500 users in turn: does memory grow?

    ENGINE is litert, with the path of libLiteRt.so, or reference.
    """

/// What no app needs: what is drawn at random, long or measured. Exit codes: 0 pass, 1 a proof failed, 2 misuse.
@main
struct EdgeProof {
    static func main() async {
        do {
            exit(try await run(Array(CommandLine.arguments.dropFirst())) ? 0 : 1)
        } catch {
            let text = Array("error: \(error)\n".utf8)
            _ = write(STDERR_FILENO, text, text.count)
            exit(2)
        }
    }

    private static func run(_ arguments: [String]) async throws -> Bool {
        switch (arguments.first, arguments.count) {
        case ("bundles", 2): return try haveVerdictsOfPython(arguments[1])
        case ("turns", 3...4): try await answerTurns(arguments[1], engine(arguments.dropFirst(2)))
        case ("leaks", 4...5): return try await isFlat(Int(arguments[2]) ?? 0, arguments[1], engine(arguments.dropFirst(3)))
        default: throw EdgeError("edge-proof does not know \(arguments.joined(separator: " "))", fix: help)
        }
        return true
    }

    private static func engine(_ arguments: ArraySlice<String>) throws -> EngineChoice {
        switch (arguments.first, arguments.count) {
        case ("litert", 2): .liteRT(library: arguments.last)
        case ("reference", 1): .reference
        default: throw EdgeError("edge-proof does not know the engine \(arguments.joined(separator: " "))", fix: help)
        }
    }
}
