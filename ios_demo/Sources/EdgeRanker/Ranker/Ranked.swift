/// The answer to a request, best first. Scores are probabilities if the explanation says so, otherwise logits.
public struct Ranked: Sendable {
    public let items: [Item]
    public let scores: [Double]
    public let explanation: Explanation
}

/// How an answer came about. `auc` is the exit's AUC on the test split when the bundle was made; nil if it was not
/// measured.
public struct Explanation: Sendable, CustomStringConvertible {
    public let exit: Exit
    /// The exit that was chosen before anything was computed.
    public let planned: Exit
    public let predictedMs: Double
    public let spentMs: Double
    /// How many items and profiles were encoded for this request.
    public let newTexts: Int
    public let keptTexts: Int
    public let newEvents: Int
    public let keptEvents: Int
    public let auc: Double?
    public let budgetMs: Double?
    public let minAuc: Double?
    public let areProbabilities: Bool

    /// The limits that were missed, in words.
    public var missed: [String] {
        var missed: [String] = []
        if let budgetMs, spentMs > budgetMs { missed.append("\(tenths(spentMs - budgetMs)) ms over \(budgetMs) ms") }
        if let minAuc {
            if let auc, auc < minAuc { missed.append("AUC \(minAuc - auc) below \(minAuc)") }
            if auc == nil { missed.append("an unknown AUC for at least \(minAuc)") }
        }
        return missed
    }

    public var description: String {
        let late = missed.isEmpty ? "" : "; missed: \(missed.joined(separator: ", "))"
        return "exit \(exit) (\(planned) planned), \(tenths(spentMs)) ms, \(tenths(predictedMs)) predicted, "
            + "\(newTexts) new of \(newTexts + keptTexts) texts, \(newEvents) new of \(newEvents + keptEvents) events\(late)"
    }
}

private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
