private let mostLast: Int64 = 1 << 31

/// What a number of an entry is (SPEC.md, section 8). Empty texts stand for fields that are absent.
struct NumberSpec: Hashable, Sendable {
    var name: ByteText
    var of: ByteText = ""
    var history: ByteText = ""
    var minus: ByteText = ""
    var `where`: ByteText = ""
    var last: Int64 = 0
    var same: ByteText = ""
    var over: ByteText = "mean"
    var smoothing = 0.0
    var prior: Double?
    var transform: ByteText = ""
    var mean = 0.0
    var spread = 1.0

    /// Errors: a value that cannot be, a field that means nothing for this kind of number.
    func check() throws {
        if isBlank(name) { throw EdgeError("a number has no name") }
        try oneOf("history", history, ["", "count", "mean", "seconds"])
        try oneOf("over", over, ["mean", "most", "least"])
        try oneOf("transform", transform, ["", "log1p"])
        if history.isEmpty { try checkOwn() } else { try checkHistory() }
        if !(spread > 0) { throw error("spread", spread, "a standard deviation is above 0") }
        if !(smoothing >= 0) { throw error("smoothing", smoothing, "a number of events, 0 or more") }
        if !(0...mostLast).contains(last) { throw error("last", last, "a number of events; 0 for all") }
    }

    private func checkOwn() throws {
        let known = of.hasPrefix("user.") || of.hasPrefix("item.")
        if !known || !isAttribute(of.dropping(5)) { throw error("of", of, "item.NAME or user.NAME") }
        let kind = "without history"
        try unused(kind, ("minus", minus), ("where", `where`), ("same", same))
        try unusedLast(kind)
        try unusedSmoothing(kind)
        if over != "mean" { throw error("over", over, "it means nothing without same") }
    }

    private func checkHistory() throws {
        let kind = "with history '\(history)'"
        if history != "mean" {
            try unused(kind, ("of", of), ("minus", minus))
            try unusedSmoothing(kind)
        } else if of.isEmpty {
            throw error("of", of, "say what it is the mean of")
        }
        for (field, value) in [("of", of), ("minus", minus)] where !value.isEmpty {
            let attribute = value.hasPrefix("item.") ? value.dropping(5) : value
            if !isAttribute(attribute) { throw error(field, value, "NAME or item.NAME") }
        }
        for (field, value) in [("where", `where`), ("same", same)] where !value.isEmpty {
            if !isAttribute(value) { throw error(field, value, "an attribute's name alone") }
        }
        if same.isEmpty {
            if over != "mean" { throw error("over", over, "it means nothing without same") }
            if history == "seconds" { try unusedLast("\(kind) and without same") }
        }
    }

    private func unused(_ kind: String, _ fields: (String, ByteText)...) throws {
        for (field, value) in fields where !value.isEmpty { throw unused(field, value, kind) }
    }

    private func unusedLast(_ kind: String) throws {
        if last != 0 { throw unused("last", last, kind) }
    }

    private func unusedSmoothing(_ kind: String) throws {
        if smoothing != 0 { throw unused("smoothing", smoothing, kind) }
        if let prior { throw unused("prior", prior, kind) }
    }

    private func unused(_ field: String, _ value: Any, _ kind: String) -> EdgeError {
        error(field, value, "it means nothing \(kind): leave it out")
    }

    private func oneOf(_ field: String, _ value: ByteText, _ known: [ByteText]) throws {
        if known.contains(value) { return }
        throw error(field, value, known.map { "'\($0)'" }.joined(separator: ", "))
    }

    private func error(_ field: String, _ value: Any, _ fix: String) -> EdgeError {
        let text = (value as? ByteText).map { "'\(shown($0))'" } ?? "\(value)"
        return EdgeError("the number '\(shown(name))' has \(field) = \(text)", fix: fix)
    }
}

private func isAttribute(_ name: ByteText) -> Bool {
    (1...100).contains(name.length) && !name.bytes.contains(UInt8(ascii: "."))
}
