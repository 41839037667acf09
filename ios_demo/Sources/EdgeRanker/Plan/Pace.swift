#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let halfLifeMs = 60.0

/// How fast the device is now, against what was measured (PLAN.md, section 5). One for each opened engine.
struct Pace {
    private var predicted = 10.0
    private var spent = 10.0
    private var spread = 0.05

    var factor: Double { spent / predicted }

    /// What the budget is divided by: c.
    var caution: Double { factor * (1 + 2 * spread) }

    /// After a request that was predicted to cost `cost` and took so many milliseconds.
    mutating func add(_ cost: Double, _ milliseconds: Double) {
        if cost <= 0 { return }
        let expected = factor * cost
        let took = min(milliseconds, 10 * expected)
        let distance = min(abs(took / expected - 1), 1)
        let weight = pow(0.5, took / halfLifeMs)
        spread = weight * spread + (1 - weight) * distance
        predicted = weight * predicted + cost
        spent = weight * spent + took
    }
}
