import CMallocCount
import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Answers requests from standard input, one per line, so that another process can take turns with it. Prints "ready"
/// first. For each request it prints one JSON object: milliseconds, processor milliseconds and allocations of each call
/// that benchmarks/port_speed.py names, and the scores of the last call by item.
func answerTurns(_ bundle: String, _ engine: EngineChoice) async throws {
    let ranker = try await Ranker.open(.file(bundle), Options(engine: engine))
    try await ranker.verify()
    say("ready")
    while let line = readLine() { say(try await turn(ranker, parseRequest(line))) }
    await ranker.close()
}

/// The candidates are two lists of equal length: the first for a new user, the second, also new, for the kept user.
private func turn(_ ranker: Ranker, _ request: Request) async throws -> String {
    let half = request.candidates.count / 2
    let (first, second) = (Array(request.candidates[..<half]), Array(request.candidates[half...]))
    let exits = try await ranker.exits
    let (shallowest, deepest) = (Budget(exit: exits[0]), Budget(exit: exits[exits.count - 1]))
    let (events, time) = (request.events, request.time)
    var meter = Meter()
    try await ranker.forget()
    let user = try await meter.timed {
        let user = try await ranker.user(request.user, events)
        _ = try await ranker.rank(user, first, budget: deepest, time: time)
        return user
    }
    _ = try await meter.timed { try await ranker.rank(user, second, budget: deepest, time: time) }
    let handles = try await ranker.prepare(second)
    _ = try await meter.timed { try await ranker.rank(user, handles, budget: deepest, time: time) }
    _ = try await meter.timed { try await ranker.rank(user, handles, budget: shallowest, time: time) }
    try await user.add(events[events.count - 1].again(with: second[0]))
    let last = try await meter.timed { try await ranker.rank(user, handles, budget: deepest, time: time) }
    let scores = zip(last.items, last.scores).map { "\"\($0.id)\": \($1)" }
    return "{\"costs\": [\(meter.costs.joined(separator: ", "))], \"scores\": {\(scores.joined(separator: ", "))}}"
}

/// Collects milliseconds, processor milliseconds and allocations of calls, as JSON.
private struct Meter {
    private(set) var costs: [String] = []

    mutating func timed<Result>(_ action: () async throws -> Result) async rethrows -> Result {
        let (started, worked, allocated) = (ms(CLOCK_MONOTONIC), ms(CLOCK_PROCESS_CPUTIME_ID), edge_malloc_count())
        let result = try await action()
        let allocations = edge_malloc_count() - allocated
        costs.append("[\(ms(CLOCK_MONOTONIC) - started), \(ms(CLOCK_PROCESS_CPUTIME_ID) - worked), \(allocations)]")
        return result
    }
}

private func ms(_ clock: clockid_t) -> Double {
    var now = timespec()
    clock_gettime(clock, &now)
    return Double(now.tv_sec) * 1e3 + Double(now.tv_nsec) / 1e6
}
