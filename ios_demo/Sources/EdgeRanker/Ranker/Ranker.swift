#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A bundle, opened: any number of users and tasks. It computes on a queue of its own, one request at a time.
public actor Ranker {
    private nonisolated let executor = RankerExecutor()
    private var model: OpenedModel?
    private var served: ServedLog

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ options: Options) {
        served = ServedLog(most: options.logRows)
    }

    /// Checks every byte of a bundle, installs it, decodes its weights and measures costs, or runs each call of the
    /// engine once if they were measured before. `progress` gets a step and the share of all work that is done. Errors:
    /// an invalid bundle. If the directory cannot be written, `notInstalled` says why; an engine that reads its model
    /// from files then throws.
    public static func open(
        _ source: Source, _ options: Options, progress: @escaping @Sendable (String, Double) -> Void = { _, _ in }
    ) async throws -> Ranker {
        let ranker = Ranker(options)
        try await ranker.load(source, options, progress)
        return ranker
    }

    private func load(_ source: Source, _ options: Options, _ progress: (String, Double) -> Void) throws {
        model = try OpenedModel(source, options, progress)
    }

    /// Ascending, the deepest last.
    public var exits: [Exit] { get throws { try opened().bundle.manifest.exits.map(\.exit) } }

    /// SHA-256 of the whole bundle.
    public var sha256: String { get throws { try opened().bundle.sha256 } }

    /// Whether the bundle has a signature. Only a public key can tell whose it is.
    public var isSigned: Bool { get throws { try opened().bundle.isSigned } }

    /// Where the bundle is installed; nil if it is not.
    public var directory: String? { get throws { try opened().cache.map { $0.path(try opened().bundle.sha256) } } }

    /// Why the bundle could not be installed; nil if it was, or if the directory is `.memory`.
    public var notInstalled: EdgeError? { get throws { try opened().notInstalled } }

    /// Renders, tokenises and encodes items now, e.g. while the app is idle. Returns handles, which are ranked faster.
    /// The summaries are written to disk for the next opening.
    public func prepare(_ items: [Item]) throws -> [Handle] {
        try checkCandidates(items)
        var model = try taken()
        defer { self.model = model }
        let handles = try model.handles(items, ObjectIdentifier(self))
        try model.encode(handles)
        return handles
    }

    /// Keeps summaries that a server computed with `edge encode`, so that their items are not encoded here: the first
    /// line of the file, then lines of items. Returns how many, one for each item and encode depth. Errors: text of
    /// another form, or of other weights; then none is kept.
    public func receive(_ text: String) throws -> Int { try receive(Array(text.utf8)) }

    /// As for a text, in its UTF-8 bytes.
    public func receive(_ text: [UInt8]) throws -> Int {
        var model = try taken()
        defer { self.model = model }
        return try model.receive(text)
    }

    /// A user to rank for. `id` names the user in the log; without it the name is random.
    public func user(_ profile: User = User(), _ events: [Event] = [], id: String = "") throws -> RankedUser {
        try checkUser(profile)
        try checkEvents(events)
        var model = try taken()
        defer { self.model = model }
        let state = try model.user(id.isEmpty ? randomName() : id, profile, events)
        return RankedUser(state, self)
    }

    /// Best first. `time` is that of the request, in seconds since 1970. The task's cancellation and `cancel` are
    /// checked between the parts of the request; a cancelled request ends with a `CancellationError`.
    public nonisolated func rank(
        _ user: RankedUser, _ candidates: [Item], budget: Budget = .none, time: Double? = nil,
        cancel: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Ranked {
        let started = nowMs()
        try checkCandidates(candidates)
        return try await answer(user, nil, candidates, budget, time, started, cancel)
    }

    /// The same for handles, which are not rendered or tokenised again.
    public nonisolated func rank(
        _ user: RankedUser, _ candidates: [Handle], budget: Budget = .none, time: Double? = nil,
        cancel: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Ranked {
        let started = nowMs()
        try checkSize(candidates.count, "candidates", Limits.candidates)
        try checkIds(candidates.map(\.item))
        if candidates.contains(where: { $0.owner != ObjectIdentifier(self) }) {
            throw EdgeError("a candidate was prepared by another ranker", fix: "prepare(items)")
        }
        return try await answer(user, candidates, [], budget, time, started, cancel)
    }

    private func answer(
        _ user: RankedUser, _ prepared: [Handle]?, _ items: [Item], _ budget: Budget, _ time: Double?, _ started: Double,
        _ cancel: @escaping @Sendable () -> Bool
    ) throws -> Ranked {
        try checkTime(time, "time")
        var model = try taken()
        defer { self.model = model }
        var state = try taken(user)
        defer { user.assumeIsolated { $0.put(state) } }
        let handles: [Handle]
        if let prepared { handles = prepared } else { handles = try model.handles(items, ObjectIdentifier(self)) }
        let ranking = Ranking(handles: handles, time: time, budget: budget, startedMs: started) {
            Task.isCancelled || cancel()
        }
        let ranked = try ranking.rank(&state, &model)
        served.add(
            Served(
                user: state.id, profile: state.profile, events: state.events.count, time: time ?? wallSeconds(),
                ranked: ranked))
        return ranked
    }

    func add(_ event: Event, to user: RankedUser) throws {
        let model = try opened()
        var state = try taken(user)
        defer { user.assumeIsolated { $0.put(state) } }
        try state.add(event, model.texts)
        served.note(user.id, event)
    }

    /// Replays the golden requests of the bundle at every exit. If all are reproduced, the installations of other
    /// bundles of this name are removed. Errors: the first request that differs, and by how much.
    public func verify() throws {
        var model = try taken()
        defer { self.model = model }
        try model.verify(ObjectIdentifier(self))
    }

    /// What was ranked since the last call: a line for each candidate, with a JSON object (PLAN.md, section 7).
    public func log() throws -> String {
        _ = try opened()
        return served.drain()
    }

    /// Removes all summaries, from memory and from disk, and what `log` has not returned yet.
    public func forget() throws {
        _ = try opened()
        model?.summaries.cache.clear()
        served.clear()
        try model?.file?.remove()
    }

    /// Frees what was computed for a user; the next request computes it again.
    public func forget(_ user: RankedUser) throws {
        _ = try opened()
        var state = try taken(user)
        defer { user.assumeIsolated { $0.put(state) } }
        state.timelines = [:]
    }

    /// Removes the least recently used summaries from memory until at most so many MB (10^6 bytes) are left.
    public func trim(toMb: Double) throws {
        _ = try opened()
        model?.summaries.cache.trim(toBytes: Int(max(min(toMb, 1e6), 0) * 1e6))
    }

    /// Frees the memory. Waits for the running request; later calls are refused.
    public func close() {
        model = nil
        served.clear()
    }

    private func opened() throws -> OpenedModel {
        if let model { return model }
        throw EdgeError("the ranker was closed", fix: "Ranker.open(...) again")
    }

    /// Takes the model out; the caller puts it back. So there is one copy, which is changed in place. Nothing suspends
    /// in between, so no other call finds it missing.
    private func taken() throws -> OpenedModel {
        defer { model = nil }
        return try opened()
    }

    /// Takes the state out of a user, which is an actor on the same executor; the caller puts it back.
    private func taken(_ user: RankedUser) throws -> UserState {
        if user.owner !== self { throw EdgeError("the user was made by another ranker", fix: "user(profile, events)") }
        guard let state = user.assumeIsolated({ $0.take() }) else { throw EdgeError("the user is in use") }
        return state
    }
}

private func wallSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
