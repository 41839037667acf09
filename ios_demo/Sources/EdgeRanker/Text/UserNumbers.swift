private let limit = 4.0

/// The numbers of one user's events and of candidates, standardised (SPEC.md, section 8). NaN: missing.
struct UserNumbers {
    private let specs: [NumberSpec]
    private let user: User
    private var all: [Window?]
    private var before: [Window?]
    private var screen: [(event: Event, path: String)] = []
    var count: Int { specs.count }

    /// Errors: an attribute of the user that is no number where one is needed.
    init(_ specs: [NumberSpec], _ user: User) throws {
        self.specs = specs
        self.user = user
        all = specs.map { $0.history.isEmpty ? nil : Window($0) }
        before = all
        for spec in specs where spec.of.hasPrefix("user.") { _ = try ownValue(spec, Item(""), "") }
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
        let numbers = try numbers(before, event.item, event.time, path + ".item")
        try Self.add(event, path, to: &all)
        screen.append((event, path))
        return numbers
    }

    /// Errors: an attribute of the event that is no number where one is needed.
    func check(_ event: Event, _ path: String) throws {
        for spec in specs {
            if spec.history.isEmpty {
                _ = try ownValue(spec, event.item, path + ".item")
            } else {
                _ = try Window.entry(event, spec, path)
            }
        }
    }

    private static func add(_ event: Event, _ path: String, to windows: inout [Window?]) throws {
        for index in windows.indices { try windows[index]?.add(event, path) }
    }

    /// The numbers of a candidate at a moment, after all events.
    func of(_ item: Item, _ time: Double?, _ path: String) throws -> [Float] { try numbers(all, item, time, path) }

    private func numbers(_ windows: [Window?], _ item: Item, _ time: Double?, _ path: String) throws -> [Float] {
        try specs.indices.map { index in
            let spec = specs[index]
            let value = try windows[index].map { $0.value(item, time) } ?? ownValue(spec, item, path)
            guard let value else { return .nan }
            let transformed = spec.transform.isEmpty ? value : logOf1Plus(value)
            return Float(min(max((transformed - spec.mean) / spec.spread, -limit), limit))
        }
    }

    private func ownValue(_ spec: NumberSpec, _ item: Item, _ path: String) throws -> Double? {
        let name = spec.of.dropping(5)
        if spec.of.hasPrefix("user.") { return try number(user.attributes, name, "user") }
        return try number(item.attributes, name, path)
    }
}
