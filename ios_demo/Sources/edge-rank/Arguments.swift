import EdgeRanker

/// The words of a command, and its options, each with a value: `rank movies.edge request.json --engine onnx`.
struct Arguments {
    let words: [String]
    private let options: [String: String]

    /// Errors: an option that the command does not have, twice, or without a value.
    init(_ arguments: [String], options known: [String]) throws {
        var words: [String] = []
        var options: [String: String] = [:]
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if !word.hasPrefix("--") {
                words.append(word)
                continue
            }
            if !known.contains(word) { throw EdgeError("there is no option \(word)", fix: known.joined(separator: ", ")) }
            guard let value = rest.popFirst(), options.updateValue(value, forKey: word) == nil else {
                throw EdgeError("\(word) needs one value", fix: "edge-rank --help")
            }
        }
        self.words = words
        self.options = options
    }

    subscript(option: String) -> String? { options[option] }
}
