import EdgeLiteRT
import EdgeRanker
import EdgeReference

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let help = """
    edge-rank rank movies.edge request.json       ranks the candidates of a request, best first, within 50 ms
    edge-rank rank movies.edge request.json libLiteRt.so      the same, with LiteRT from this file
    edge-rank verify movies.edge                  replays the golden requests of a bundle at every exit
    edge-rank verify movies.edge public.pem       and refuses a bundle that the key's owner did not sign
    edge-rank openings movies.edge                opens a bundle with each directory that standard input names
    edge-rank openings libLiteRt.so movies.edge   the same, with LiteRT from this file
    edge-rank prove cases.bin                     opens damaged bundles, and compares each verdict with Python's
    """

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
        switch (arguments.first, arguments.count) {
        case ("rank", 3): try await rank(arguments[1], arguments[2], .reference)
        case ("rank", 4): try await rank(arguments[1], arguments[2], .liteRT(library: arguments[3]))
        case ("verify", 2), ("verify", 3): try await verify(arguments[1], arguments.count == 3 ? arguments[2] : nil)
        case ("openings", 2): try await openings(arguments[1], .reference)
        case ("openings", 3): try await openings(arguments[2], .liteRT(library: arguments[1]))
        case ("prove", 2): return try prove(arguments[1])
        case ("--help", 1), (nil, 0): print(help)
        default: throw EdgeError("edge-rank does not know \(arguments.joined(separator: " "))", fix: "edge-rank --help")
        }
        return true
    }

    private static func rank(_ bundle: String, _ path: String, _ engine: EngineChoice) async throws {
        let request = try parseRequest(Source.file(path).bytes())
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
        let user = try await ranker.user(request.user, request.events)
        let budget = try Budget(milliseconds: 50)
        let ranked = try await ranker.rank(user, request.candidates, budget: budget, time: request.time)
        for (item, score) in zip(ranked.items, ranked.scores) { print("\(score)  \(item.id)  \(item["title"].text ?? "")") }
        print(ranked.explanation)
        await ranker.close()
    }

    private static func verify(_ bundle: String, _ key: String?) async throws {
        let publicKey = try key.map { try PublicKey(pem: String(decoding: Source.file($0).bytes(), as: UTF8.self)) }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: .reference, publicKey: publicKey))
        try await ranker.verify()
        print("\(bundle): every golden request is reproduced at exits \(try await ranker.exits)")
        await ranker.close()
    }
}
