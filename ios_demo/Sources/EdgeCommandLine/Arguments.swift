import EdgeRanker

/// The words of a command, and its options, each with a value: `rank movies.edge request.json --engine onnx`.
package struct Arguments {
    package let words: [String]
    private let options: [String: String]

    /// Errors: an option that the command does not have, that is given twice, or that has no value.
    package init(_ arguments: [String], options known: [String]) throws {
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
                throw EdgeError("\(word) needs one value", fix: "see --help")
            }
        }
        self.words = words
        self.options = options
    }

    package subscript(option: String) -> String? { options[option] }

    /// The words after the command. Errors: they are not as many as `names` lists.
    package func after(_ names: String) throws -> [String] {
        let found = Array(words.dropFirst())
        if found.count != names.split(separator: " ").count { throw EdgeError("\(words[0]) takes \(names)", fix: "see --help") }
        return found
    }

    /// The engine that `--engine` and `--library` choose. Errors: there is no such engine.
    package func engine() throws -> EngineChoice {
        try EdgeCommandLine.engine(self["--engine"] ?? "reference", library: self["--library"])
    }
}

/// The options that choose an engine.
package let engineOptions = ["--engine", "--library"]
