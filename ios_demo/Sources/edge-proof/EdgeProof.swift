import EdgeCommandLine
import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let help = """
    edge-proof bundles cases.bin          opens damaged bundles, and compares verdicts with Python's
    edge-proof openings movies.edge       opens a bundle with each directory that standard input names
    edge-proof turns movies.edge          answers requests, one a line, with what each took
    edge-proof leaks movies.edge RANKS    ranks for 500 users in turn: does memory grow?

    --engine and --library choose an engine, as of edge-rank.
    """

/// What the tests and benchmarks run and no app needs. Exit codes: 0 pass, 1 a proof failed, 2 misuse.
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

    private static func run(_ all: [String]) async throws -> Bool {
        let arguments = try Arguments(all, options: engineOptions)
        switch arguments.words.first ?? "" {
        case "bundles": return try haveVerdictsOfPython(arguments.after("CASES")[0])
        case "openings": try await openEach(arguments.after("BUNDLE")[0], arguments.engine())
        case "turns": try await answerTurns(arguments.after("BUNDLE")[0], arguments.engine())
        case "leaks":
            let words = try arguments.after("BUNDLE RANKS")
            guard let ranks = Int(words[1]), ranks >= 10 else { throw EdgeError("RANKS is \(words[1])", fix: "10 or more") }
            return try await isFlat(ranks, words[0], arguments.engine())
        default: throw EdgeError("edge-proof has no such command", fix: help)
        }
        return true
    }
}
