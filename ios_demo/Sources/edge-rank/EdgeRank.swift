import EdgeCommandLine
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

    --engine     litert, onnx, coreml or reference (default), which computes in Swift alone
    --library    that of LiteRT or of ONNX Runtime, where the program is not linked with it
    """

/// The commands of `help`. Exit codes: 0 pass, 2 misuse or what must be refused.
@main
struct EdgeRank {
    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
            exit(0)
        } catch {
            let text = Array("error: \(error)\n".utf8)
            _ = write(STDERR_FILENO, text, text.count)
            exit(2)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        let command = arguments.first ?? "--help"
        switch command {
        case "rank": try await rank(Arguments(arguments, options: engineOptions))
        case "verify": try await verify(Arguments(arguments, options: engineOptions + ["--public-key"]))
        case "--help": print(help)
        default: throw EdgeError("edge-rank has no command \(command)", fix: "see --help")
        }
    }

    private static func rank(_ arguments: Arguments) async throws {
        let files = try arguments.after("BUNDLE REQUEST")
        let request = try parseRequest(Source.file(files[1]).bytes())
        let ranker = try await Ranker.open(.file(files[0]), Options(engine: arguments.engine()))
        let user = try await ranker.user(request.user, request.events)
        let budget = try Budget(milliseconds: 50)
        let ranked = try await ranker.rank(user, request.candidates, budget: budget, time: request.time)
        for (item, score) in zip(ranked.items, ranked.scores) { print("\(score)  \(item.id)  \(item["title"].text ?? "")") }
        print(ranked.explanation)
        await ranker.close()
    }

    private static func verify(_ arguments: Arguments) async throws {
        let bundle = try arguments.after("BUNDLE")[0]
        let publicKey = try arguments["--public-key"].map { try PublicKey(pem: String(decoding: Source.file($0).bytes(), as: UTF8.self)) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: arguments.engine(), publicKey: publicKey))
        try await ranker.verify()
        print("\(bundle): every golden request is reproduced at exits \(try await ranker.exits)")
        await ranker.close()
    }
}
