/// An opened bundle, its engine, and what is kept between requests.
struct OpenedModel {
    let bundle: EdgeBundle
    let texts: Texts
    let engine: any Engine
    let costs: Costs
    /// The app's folder for installations; nil if nothing is kept.
    let cache: Folder?
    /// Why nothing is kept although the options name a directory.
    let notInstalled: EdgeError?
    var file: SummaryFile?
    var summaries: Summaries
    var pace = Pace()
    var shape: ModelShape { bundle.manifest.shape }

    /// Errors: the bundle is invalid, or the engine cannot compute it.
    init(_ source: Source, _ options: Options, _ progress: (String, Double) -> Void) throws {
        progress("check", 0)
        bundle = try EdgeBundle(source, publicKey: options.publicKey)
        texts = try bundle.texts()
        progress("install", 0.5)
        let loaded = try LoadedEngine.load(bundle, options, progress)
        (engine, costs, cache, notInstalled) = (loaded.engine, loaded.costs, loaded.cache, loaded.reason)
        let budget = Int(options.memoryMb * 1e6)
        summaries = Summaries(cache: SummaryCache(hidden: bundle.manifest.shape.hidden, budget: budget))
        if options.keepsSummaries, let folder = cache?.folder(bundle.sha256) {
            file = SummaryFile(weights: bundle.weightsSha256, hidden: bundle.manifest.shape.hidden, in: folder)
        }
        file?.load(into: &summaries.cache)
        progress("ready", 1)
    }

    func measured(_ exit: Exit) throws -> MeasuredExit {
        if let measured = bundle.manifest.exits.first(where: { $0.exit == exit }) { return measured }
        let known = bundle.manifest.exits.map { $0.exit.description }.joined(separator: ", ")
        throw EdgeError("the bundle has no exit \(exit)", fix: known)
    }

    /// The exit that answers a request without limits.
    var best: Exit {
        let exits = bundle.manifest.exits
        return exits.reduce(exits[0]) { $1.worth >= $0.worth ? $1 : $0 }.exit
    }

    func handles(_ items: [Item], _ owner: ObjectIdentifier) throws -> [Handle] {
        try items.map { item in
            Handle(
                item: item, owner: owner, tokens: texts.tokens(try texts.item(item)),
                context: texts.tokens(try texts.context(item)))
        }
    }

    /// Encodes items and contexts now, for the exit that answers without limits, and writes the summaries for the next
    /// opening.
    mutating func encode(_ handles: [Handle]) throws {
        _ = try summaries.take(handles.map(\.tokens), best.encode, engine) {}
        _ = try summaries.take(handles.map(\.context), shape.phraseDepth, engine) {}
        file?.save(summaries.cache)
    }

    /// Keeps summaries that a server computed; all of them, or none. Returns how many.
    mutating func receive(_ text: [UInt8]) throws -> Int {
        let sent = try sentSummaries(text, weights: bundle.weightsSha256, shape)
        for (key, halves) in sent { summaries.cache.keep(key, halves) }
        return sent.count
    }

    /// A user, whose profile is never written to disk.
    mutating func user(_ id: String, _ profile: User, _ events: [Event]) throws -> UserState {
        let state = try UserState(id, profile, events, texts, shape)
        file?.leaveOut(state.profileTokens)
        return state
    }

    /// Replays the golden requests, then removes the bundles that this one has replaced. Errors: the first that
    /// differs.
    mutating func verify(_ owner: ObjectIdentifier) throws {
        try verify(Golden(bundle.manifest, bundle.files(["golden.jsonl"])[0], texts), owner)
    }

    mutating func verify(_ golden: Golden, _ owner: ObjectIdentifier) throws {
        try golden.replayTexts()
        for line in golden.lines { try verify(line, golden.tolerance(engine.name), owner) }
        if let cache { try? locking(cache) { removeReplaced(by: bundle, in: cache) } }
    }

    private mutating func verify(_ line: GoldenLine, _ tolerance: Float, _ owner: ObjectIdentifier) throws {
        let request = line.request
        var state = try user("", request.user, request.events)
        let handles = try handles(request.candidates, owner)
        let ranking = Ranking(handles: handles, time: request.time, budget: .none, startedMs: nowMs()) { false }
        for (exit, expected) in line.logits {
            let found = try ranking.logits(at: exit, &state, &self)
            for (index, logit) in expected.enumerated() {
                let difference = abs(found[index] - logit)
                if !(difference <= tolerance) {
                    throw line.error("candidate \(index) at exit \(exit) is off by \(difference)")
                }
            }
        }
    }
}
