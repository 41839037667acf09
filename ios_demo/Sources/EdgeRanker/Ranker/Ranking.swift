/// One request: it is planned, encoded, appended and scored (PLAN.md).
struct Ranking {
    let handles: [Handle]
    let time: Double?
    let budget: Budget
    let startedMs: Double
    let isCancelled: @Sendable () -> Bool

    func rank(_ user: inout UserState, _ model: inout OpenedModel) throws -> Ranked {
        let allowed = try budget.exit.map { [try model.measured($0)] } ?? model.bundle.manifest.exits
        var needs: [Int: (needed: Needed, work: Work, newTexts: Int)] = [:]
        for depth in Set(allowed.map(\.exit.encode)) {
            let needed = try Needed(user, handles, depth: depth, model.shape, model.texts)
            let (work, newTexts) = work(needed, depth, model)
            needs[depth] = (needed, work, newTexts)
        }
        let numbers = try numbers(user)
        let choices = allowed.compactMap { measured in
            needs[measured.exit.encode].map { need in
                let cost = need.work.milliseconds(model.costs, measured.exit, phraseDepth: model.shape.phraseDepth)
                return Choice(measured: measured, milliseconds: cost)
            }
        }
        let planned = choose(choices, left: left(model.pace), minAuc: budget.minAuc)
        let predictedMs = elapsedMs + model.pace.factor * planned.milliseconds
        guard let need = needs[planned.exit.encode] else { throw EdgeError("the bundle has no exit") }
        let before = elapsedMs
        let (logits, taken) = try compute(need.needed, planned.exit, need.work, numbers, allowed, &user, &model)
        let cost = need.work.milliseconds(model.costs, taken, phraseDepth: model.shape.phraseDepth)
        model.pace.add(cost, elapsedMs - before)
        let distinct = Set(need.needed.items).count
        let explanation = Explanation(
            exit: taken, planned: planned.exit, predictedMs: predictedMs, spentMs: elapsedMs, newTexts: need.newTexts,
            keptTexts: distinct - need.newTexts, newEvents: need.needed.newEvents,
            keptEvents: user.events.count - need.needed.lacking.first - need.needed.newEvents,
            auc: try model.measured(taken).auc, budgetMs: budget.milliseconds, minAuc: budget.minAuc,
            areProbabilities: try model.measured(taken).calibration != nil)
        return answer(logits, try model.measured(taken).calibration, explanation)
    }

    /// The logits of the candidates at an exit, in the order of the candidates, to replay golden requests.
    func logits(at exit: Exit, _ user: inout UserState, _ model: inout OpenedModel) throws -> [Float] {
        let needed = try Needed(user, handles, depth: exit.encode, model.shape, model.texts)
        let work = work(needed, exit.encode, model).work
        let measured = [try model.measured(exit)]
        return try compute(needed, exit, work, numbers(user), measured, &user, &model).logits
    }

    private func work(_ needed: Needed, _ depth: Int, _ model: OpenedModel) -> (work: Work, newTexts: Int) {
        let engine = model.engine
        let items = model.summaries.missing(needed.items, depth, engine)
        let phrases = model.summaries.missing(needed.phrases, model.shape.phraseDepth, engine)
        let work = Work(
            chunks: paddedSizes(items, engine), phrases: paddedSizes(phrases, engine), entries: needed.newEvents,
            candidates: engine.paddedCandidates(handles.count, depth: 1),
            candidatesWithoutLayers: engine.paddedCandidates(handles.count, depth: 0))
        return (work, items.reduce(0) { $0 + $1.count })
    }

    private func numbers(_ user: UserState) throws -> Matrix { try user.numbers.of(handles.map(\.item), time) }

    private func compute(
        _ needed: Needed, _ planned: Exit, _ work: Work, _ numbers: Matrix, _ allowed: [MeasuredExit],
        _ user: inout UserState, _ model: inout OpenedModel
    ) throws -> (logits: [Float], exit: Exit) {
        let (shape, engine) = (model.shape, model.engine)
        let items = try model.summaries.take(needed.items, planned.encode, engine, pause)
        let phrases = try model.summaries.take(needed.phrases, shape.phraseDepth, engine, pause)
        try append(needed, planned.encode, items, phrases, &user, model)
        try pause()
        var exit = planned
        if budget.milliseconds != nil {
            let others = allowed.filter { $0.exit.encode == planned.encode }.map { measured in
                Choice(measured: measured, milliseconds: work.scoring(model.costs, measured.exit.interact))
            }
            exit = choose(others, left: left(model.pace), minAuc: budget.minAuc).exit
        }
        guard !handles.isEmpty, let kept = user.timelines[planned.encode] else { return ([], exit) }
        let candidates = Entries(
            items: items.last(handles.count), phrases: phrases.last(handles.count), numbers: numbers)
        return (try engine.score(candidates, kept.timeline, depth: exit.interact), exit)
    }

    /// Appends what the timeline lacks: the profile and events, or only new events.
    private func append(
        _ needed: Needed, _ depth: Int, _ items: Matrix, _ phrases: Matrix, _ user: inout UserState,
        _ model: OpenedModel
    ) throws {
        let lacking = needed.lacking
        let count = needed.newEvents + (lacking.whole ? 1 : 0)
        if count == 0 { return }
        try pause()
        let shape = model.shape
        // A profile has no phrase and no numbers.
        let own = lacking.whole ? 1 : 0
        var ofPhrases = Matrix(rows: own, columns: shape.hidden)
        ofPhrases.append(phrases.first(needed.newEvents))
        var numbers = Matrix(rows: own, columns: shape.numbers)
        numbers.append(Matrix(Array(user.numbersOfEvents[lacking.from...]), columns: shape.numbers))
        let entries = Entries(items: items.first(count), phrases: ofPhrases, numbers: numbers)
        var kept = lacking.whole ? nil : user.timelines[depth]
        // So that only one reference to the arrays is left, and they are changed in place.
        user.timelines[depth] = nil
        var next = kept ?? KeptTimeline(first: lacking.first, timeline: Timeline(shape))
        kept = nil
        let new = try model.engine.append(entries, profile: lacking.whole, to: next.timeline)
        next.timeline.append(new, profile: lacking.whole, liked: (lacking.whole ? [0] : []) + user.values[lacking.from...])
        user.timelines[depth] = next
    }

    private func answer(_ logits: [Float], _ calibration: Calibration?, _ explanation: Explanation) -> Ranked {
        let order = bestFirst(logits)
        let scores = order.map { calibration?.probability(logits[$0]) ?? Double(logits[$0]) }
        return Ranked(items: order.map { handles[$0].item }, scores: scores, explanation: explanation)
    }

    private func pause() throws {
        if isCancelled() { throw CancellationError() }
    }

    private var elapsedMs: Double { nowMs() - startedMs }

    /// What is left of the budget, in the milliseconds that were measured at opening.
    private func left(_ pace: Pace) -> Double? { budget.milliseconds.map { ($0 - elapsedMs) / pace.caution } }
}
