/// An exit that was measured, and what it would cost in milliseconds.
struct Choice {
    let measured: MeasuredExit
    let milliseconds: Double
    var exit: Exit { measured.exit }
}

/// The exit that a request takes (PLAN.md, section 4) of `choices`: without limits the best.
///
/// `left` is what is left of the budget, in calibrated milliseconds, nil without one.
func choose(_ choices: [Choice], left: Double?, minAuc: Double?) -> Choice {
    let every = choices.sorted { $0.exit < $1.exit }
    let good = every.filter { choice in minAuc.map { (choice.measured.auc ?? 0) >= $0 } ?? true }
    guard let left else { return minAuc == nil || good.isEmpty ? best(every) : cheapest(good) }
    let allowed = good.isEmpty ? every : good
    let fitting = allowed.filter { $0.milliseconds <= left }
    return fitting.isEmpty ? cheapest(allowed) : best(fitting)
}

/// Of equals the deepest, which comes last.
private func best(_ ascending: [Choice]) -> Choice {
    ascending.reduce(ascending[0]) { $1.measured.worth >= $0.measured.worth ? $1 : $0 }
}

/// Of equals the shallowest, which comes first.
private func cheapest(_ ascending: [Choice]) -> Choice {
    ascending.reduce(ascending[0]) { $1.milliseconds < $0.milliseconds ? $1 : $0 }
}
