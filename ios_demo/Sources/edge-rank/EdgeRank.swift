import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let help = """
    edge-rank rank movies.edge request.json                  ranks the candidates of a request, best first, within 50 ms
    edge-rank rank movies.edge request.json --engine litert --library libLiteRt.so
    edge-rank verify movies.edge                             replays the golden requests of a bundle at every exit
    edge-rank verify movies.edge --public-key public.pem     and refuses a bundle that the key's owner did not sign
    edge-rank openings movies.edge                           opens a bundle with each directory that standard input names
    edge-rank prove cases.bin                                opens damaged bundles, and compares verdicts with Python's

    --engine     litert, onnx, coreml or reference (default), which computes in Swift alone
    --library    that of LiteRT or of ONNX Runtime, where the program is not linked with it
    """

private let choices = ["--engine", "--library"]

/// The commands of `help`. Exit codes: 0 pass, 1 a comparison failed, 2 misuse or what must be refused.
@main
struct EdgeRank {
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
        let command = arguments.first ?? "--help"
        switch command {
        case "rank": try await rank(Arguments(arguments, options: choices))
        case "verify": try await verify(Arguments(arguments, options: choices + ["--public-key"]))
        case "openings": try await openings(Arguments(arguments, options: choices))
        case "prove": return try prove(words(Arguments(arguments, options: []), 1)[0])
        case "--help": print(help)
        default: throw EdgeError("edge-rank has no command \(command)", fix: "edge-rank --help")
        }
        return true
    }

    /// The words after the command.
    private static func words(_ arguments: Arguments, _ count: Int) throws -> [String] {
        let words = Array(arguments.words.dropFirst())
        if words.count != count { throw EdgeError("\(arguments.words[0]) takes \(count) files", fix: "edge-rank --help") }
        return words
    }

    private static func choice(_ arguments: Arguments) throws -> EngineChoice {
        try engine(arguments["--engine"] ?? "reference", library: arguments["--library"])
    }

    private static func openings(_ arguments: Arguments) async throws {
        try await openEach(words(arguments, 1)[0], choice(arguments))
    }

    private static func rank(_ arguments: Arguments) async throws {
        let files = try words(arguments, 2)
        let request = try parseRequest(Source.file(files[1]).bytes())
        let ranker = try await Ranker.open(.file(files[0]), Options(engine: choice(arguments)))
        let user = try await ranker.user(request.user, request.events)
        let budget = try Budget(milliseconds: 50)
        let ranked = try await ranker.rank(user, request.candidates, budget: budget, time: request.time)
        for (item, score) in zip(ranked.items, ranked.scores) { print("\(score)  \(item.id)  \(item["title"].text ?? "")") }
        print(ranked.explanation)
        await ranker.close()
    }

    private static func verify(_ arguments: Arguments) async throws {
        let bundle = try words(arguments, 1)[0]
        let publicKey = try arguments["--public-key"].map { try PublicKey(pem: String(decoding: Source.file($0).bytes(), as: UTF8.self)) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: choice(arguments), publicKey: publicKey))
        try await ranker.verify()
        print("\(bundle): every golden request is reproduced at exits \(try await ranker.exits)")
        await ranker.close()
    }
}
