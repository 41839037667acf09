/// An opened bundle, the engine that computes it, and what is kept between requests.
struct OpenedModel {
    let bundle: EdgeBundle
    let texts: Texts
    let engine: any Engine
    let costs: Costs
    var summaries: Summaries
    var pace = Pace()
    var shape: ModelShape { bundle.manifest.shape }

    /// Errors: the bundle must not be used, or the engine cannot compute it.
    init(_ source: Source, _ options: Options, _ progress: (String, Double) -> Void) throws {
        progress("check", 0)
        bundle = try EdgeBundle(source, publicKey: options.publicKey)
        progress("load", 0.5)
        texts = try bundle.texts()
        engine = try options.engine.make(bundle)
        progress("measure", 0.8)
        costs = try measuredCosts(engine)
        let budget = Int(options.memoryMb * 1e6)
        summaries = Summaries(cache: SummaryCache(hidden: bundle.manifest.shape.hidden, budget: budget))
        progress("ready", 1)
    }

    func measured(_ exit: Exit) throws -> MeasuredExit {
        if let measured = bundle.manifest.exits.first(where: { $0.exit == exit }) { return measured }
        let known = bundle.manifest.exits.map { $0.exit.description }.joined(separator: ", ")
        throw EdgeError("the bundle has no exit \(exit)", fix: known)
    }

    /// Of all exits, the one that answers without limits.
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

    /// Encodes items and contexts now, for the exit that answers without limits.
    mutating func encode(_ handles: [Handle]) throws {
        _ = try summaries.take(handles.map(\.tokens), best.encode, engine) {}
        _ = try summaries.take(handles.map(\.context), shape.phraseDepth, engine) {}
    }

    /// Replays the golden requests. Errors: the first that differs.
    mutating func verify(_ owner: ObjectIdentifier) throws {
        let golden = try Golden(bundle.manifest, bundle.files(["golden.jsonl"])[0], texts)
        try golden.replayTexts()
        for line in golden.lines { try verify(line, golden.tolerance(engine.name), owner) }
    }

    private mutating func verify(_ line: GoldenLine, _ tolerance: Float, _ owner: ObjectIdentifier) throws {
        let request = line.request
        var state = try UserState("", request.user, request.events, texts, shape)
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
