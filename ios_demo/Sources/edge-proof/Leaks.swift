import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let users = 500
private let flatBytes = 2_000_000

/// Ranks for 500 users in turn; each visit makes a user, adds an event and ends. After the first tenth of the visits
/// the resident memory of the process may grow by 2 MB at most.
func isFlat(_ ranks: Int, _ path: String, _ engine: EngineChoice) async throws -> Bool {
    let requests = try EdgeBundle(.file(path)).goldenRequests().filter { !$0.events.isEmpty }
    let ranker = try await Ranker.open(.file(path), Options(engine: engine, memoryMb: 0.5))
    var resident: [Int] = []
    for rank in 0..<ranks {
        if rank > 0 && rank % (ranks / 10) == 0 { resident.append(try residentBytes()) }
        try await visit(ranker, requests[rank % requests.count], rank)
    }
    resident.append(try residentBytes())
    await ranker.close()
    let growth = (resident.max() ?? 0) - resident[0]
    print("\(ranks) requests of \(users) users: the process grew by \(growth) bytes after the first tenth")
    return growth <= flatBytes
}

/// One visit of a user. The length of the history depends on the user.
private func visit(_ ranker: Ranker, _ request: Request, _ rank: Int) async throws {
    let length = rank % users % (request.events.count + 1)
    let user = try await ranker.user(request.user, Array(request.events.prefix(length)))
    let count = request.candidates.count
    let candidates = (0..<min(10, count)).map { request.candidates[(rank + $0) % count] }
    let exits = try await ranker.exits
    let budget = Budget(exit: exits[rank % exits.count])
    let ranked = try await ranker.rank(user, candidates, budget: budget, time: request.time)
    try await user.add(request.events[request.events.count - 1].again(with: ranked.items[0]))
    _ = try await ranker.rank(user, ranker.prepare(candidates), budget: budget, time: request.time)
    if rank % 100 == 0 { _ = try await ranker.log() }
}

private func residentBytes() throws -> Int {
    #if canImport(Glibc)
        guard let file = fopen("/proc/self/statm", "r") else { throw EdgeError("/proc cannot be read") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, file)
        let pages = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").map { Int($0) ?? 0 }
        return pages[1] * Int(sysconf(Int32(_SC_PAGESIZE)))
    #else
        throw EdgeError("edge-proof leaks reads /proc, which this system lacks", fix: "use Instruments")
    #endif
}
