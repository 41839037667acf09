private let limit = 4.0

/// An attribute that a number without history reads, of the user or of the item.
private struct Own {
    let isOfUser: Bool
    let name: ByteText

    init(_ spec: NumberSpec) {
        isOfUser = spec.of.hasPrefix("user.")
        name = spec.history.isEmpty ? spec.of.dropping(5) : ""
    }
}

/// The numbers of one user's events and of candidates, standardised (SPEC.md, section 8). NaN: missing.
struct UserNumbers {
    private let specs: [NumberSpec]
    private let owns: [Own]
    private let user: User
    private var all: [Window?]
    private var before: [Window?]
    private var screen: [(event: Event, path: String)] = []
    var count: Int { specs.count }

    /// Errors: an attribute of the user that is no number where one is needed.
    init(_ specs: [NumberSpec], _ user: User) throws {
        self.specs = specs
        self.user = user
        owns = specs.map(Own.init)
        all = specs.map { $0.history.isEmpty ? nil : Window($0) }
        before = all
        for own in owns where own.isOfUser { _ = try value(own, Item(""), "") }
    }

    /// Takes the next event in; its numbers, each as when it was a candidate.
    ///
    /// A screen's events look back on what stands before its first. Errors: an attribute that is no number where one is
    /// needed; nothing is changed then.
    mutating func add(_ event: Event, _ path: String) throws -> [Float] {
        try check(event, path)
        if let first = screen.first, event.time == nil || event.time != first.event.time {
            for (earlier, path) in screen { try Self.add(earlier, path, to: &before) }
            screen.removeAll()
        }
        var numbers = [Float](repeating: 0, count: count)
        try write(before, event.item, event.time, path + ".item", to: &numbers, from: 0)
        try Self.add(event, path, to: &all)
        screen.append((event, path))
        return numbers
    }

    /// Errors: an attribute of the event that is no number where one is needed.
    func check(_ event: Event, _ path: String) throws {
        for (spec, own) in zip(specs, owns) {
            if spec.history.isEmpty {
                _ = try value(own, event.item, path + ".item")
            } else {
                _ = try Window.entry(event, spec, path)
            }
        }
    }

    private static func add(_ event: Event, _ path: String, to windows: inout [Window?]) throws {
        for index in windows.indices { try windows[index]?.add(event, path) }
    }

    /// The numbers of candidates at a moment, after all events. Errors: name a candidate by its place.
    func of(_ candidates: [Item], _ time: Double?) throws -> Matrix {
        var numbers = Matrix(rows: candidates.count, columns: count)
        for (row, item) in candidates.enumerated() {
            try write(all, item, time, "candidates[\(row)]", to: &numbers.values, from: row * count)
        }
        return numbers
    }

    private func write(
        _ windows: [Window?], _ item: Item, _ time: Double?, _ path: @autoclosure () -> String, to values: inout [Float],
        from begin: Int
    ) throws {
        for (index, spec) in specs.enumerated() {
            let value = try windows[index].map { $0.value(item, time) } ?? value(owns[index], item, path())
            guard let value else {
                values[begin + index] = .nan
                continue
            }
            let transformed = spec.transform.isEmpty ? value : logOf1Plus(value)
            values[begin + index] = Float(min(max((transformed - spec.mean) / spec.spread, -limit), limit))
        }
    }

    private func value(_ own: Own, _ item: Item, _ path: @autoclosure () -> String) throws -> Double? {
        if own.isOfUser { return try number(user.attributes, own.name, "user") }
        return try number(item.attributes, own.name, path())
    }
}
