/// What is summed up of some events: how many, those with a value, the sum of their units, the newest known time.
struct EventSums {
    private(set) var events = 0
    private(set) var valued = 0
    private(set) var units: Int64 = 0
    private(set) var newest: Double?
    private var timed = 0

    mutating func add(_ entry: Window.Entry) {
        events += 1
        if let units = entry.units {
            valued += 1
            self.units += units
        }
        if let time = entry.time {
            timed += 1
            newest = time
        }
    }

    /// Takes the oldest event out again.
    mutating func remove(_ entry: Window.Entry) {
        events -= 1
        if let units = entry.units {
            valued -= 1
            self.units -= units
        }
        if entry.time != nil {
            timed -= 1
            if timed == 0 { newest = nil }
        }
    }
}

private enum History {
    case count, seconds, mean

    init(_ name: ByteText) { self = name == "count" ? .count : name == "seconds" ? .seconds : .mean }
}

private enum Over {
    case most, least, mean

    init(_ name: ByteText) { self = name == "most" ? .most : name == "least" ? .least : .mean }
}

/// What a list of figures comes to, without the list.
private struct Figures {
    private var count = 0
    private var sum = 0.0
    private var most = -Double.infinity
    private var least = Double.infinity
    var isEmpty: Bool { count == 0 }

    mutating func take(_ figure: Double) {
        count += 1
        sum += figure
        most = max(most, figure)
        least = min(least, figure)
    }

    func value(_ over: Over) -> Double {
        switch over {
        case .most: most
        case .least: least
        case .mean: sum / Double(count)
        }
    }
}

/// The window of one number (SPEC.md, section 8): events go in oldest first, and leave beyond `last`.
struct Window {
    /// An event as the window keeps it; without units it has no value.
    struct Entry {
        let units: Int64?
        let time: Double?
        let values: [Attribute]
    }

    private let spec: NumberSpec
    private let history: History
    private let over: Over
    private var whole = EventSums()
    private var parts: [Attribute: EventSums] = [:]
    private var entries: [Entry] = []  // with `last` alone; those before `oldest` have left
    private var oldest = 0

    init(_ spec: NumberSpec) {
        self.spec = spec
        history = History(spec.history)
        over = Over(spec.over)
    }

    /// Errors: an attribute that the number names is text or a list.
    mutating func add(_ event: Event, _ path: @autoclosure () -> String) throws {
        guard let entry = try Self.entry(event, spec, path()) else { return }
        whole.add(entry)
        for value in entry.values { parts[value, default: EventSums()].add(entry) }
        if spec.last == 0 { return }
        entries.append(entry)
        if entries.count - oldest > spec.last { removeOldest() }
    }

    private mutating func removeOldest() {
        let entry = entries[oldest]
        oldest += 1
        if oldest * 2 > entries.count {
            entries.removeFirst(oldest)
            oldest = 0
        }
        whole.remove(entry)
        for value in entry.values {
            parts[value]?.remove(entry)
            if parts[value]?.events == 0 { parts[value] = nil }
        }
    }

    /// What the window keeps of an event; nil if it does not count. Errors: as of `add`.
    static func entry(_ event: Event, _ spec: NumberSpec, _ path: @autoclosure () -> String) throws -> Entry? {
        let value = spec.of.isEmpty ? nil : try value(event, spec, path())
        if !spec.where.isEmpty {
            let kept = try number(event.attributes, spec.where, path())
            if kept == nil || kept == 0 { return nil }
        }
        var values: [Attribute] = []
        if !spec.same.isEmpty { eachDistinctValue(event.item, spec.same) { values.append($0) } }
        return Entry(units: value.map { EdgeRanker.units(of: $0) }, time: event.time, values: values)
    }

    private static func value(_ event: Event, _ spec: NumberSpec, _ path: @autoclosure () -> String) throws -> Double? {
        let value = try number(of: event, spec.of, path())
        if spec.minus.isEmpty { return value }
        let other = try number(of: event, spec.minus, path())
        if let value, let other { return value - other }
        return nil
    }

    /// The value for an entry with this item at this time; nil for none.
    func value(_ item: Item, _ time: Double?) -> Double? {
        if spec.same.isEmpty { return figure(whole, time, spec.prior ?? 0) }
        let prior = history == .mean ? mean(whole, spec.prior ?? 0) ?? 0 : 0
        var figures = Figures()
        eachDistinctValue(item, spec.same) { value in
            if let figure = figure(parts[value] ?? EventSums(), time, prior) { figures.take(figure) }
        }
        return figures.isEmpty ? nil : figures.value(over)
    }

    private func figure(_ sums: EventSums, _ time: Double?, _ prior: Double) -> Double? {
        switch history {
        case .count: return Double(sums.events)
        case .seconds:
            if let time, let newest = sums.newest { return max(time - newest, 0) }
            return nil
        case .mean: return mean(sums, prior)
        }
    }

    /// (S / 65,536 + s p) / (n + s), in this order.
    private func mean(_ sums: EventSums, _ prior: Double) -> Double? {
        let sum = Double(sums.units) / unitsToOne
        if spec.smoothing == 0 { return sums.valued == 0 ? nil : sum / Double(sums.valued) }
        return (sum + spec.smoothing * prior) / (Double(sums.valued) + spec.smoothing)
    }
}
