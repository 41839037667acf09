/// The sizes of a model's graphs by entry point, from the names that the manifest lists, such as "score_2_64".
struct Buckets {
    /// The S and T of `summarise`.
    let segments: Int
    let tokens: Int
    let encode: [Int]
    let append: [Int]
    private let score: [Int: [Int]]  // by interact depth of the graph
    private let layers: Int

    /// Errors: an entry point is missing, or those of chunks differ in their tokens.
    init(_ names: [String], _ shape: ModelShape) throws {
        let parsed = names.map { name in
            let parts = name.split(separator: "_")
            return (entry: String(parts[0]), sizes: parts.dropFirst().compactMap { Int($0) })
        }
        func sizes(_ entry: String) -> [[Int]] {
            parsed.filter { $0.entry == entry }.map(\.sizes).sorted { $0.lexicographicallyPrecedes($1) }
        }
        layers = shape.interactLayers
        let embed = sizes("embed").compactMap(\.last)
        encode = sizes("encode").isEmpty ? embed : sizes("encode").compactMap(\.last)
        append = sizes("append").compactMap(\.last)
        score = Dictionary(grouping: sizes("score")) { $0[0] }.mapValues { $0.compactMap(\.last) }
        segments = sizes("summarise").last?.first ?? 0
        tokens = sizes("summarise").last?.last ?? 0
        let needsEncode = shape.encodeDepths.contains { $0 > 0 } && sizes("encode").isEmpty
        let isWhole = embed.last == tokens && encode.last == tokens && !append.isEmpty && score[0] != nil
        if segments == 0 || needsEncode || !isWhole || score[shape.interactLayers] == nil {
            let problem = "the manifest does not list the signatures of a model"
            throw EdgeError(problem, evidence: names.joined(separator: " "), fix: "export the bundle again")
        }
    }

    /// Of the graph that scores at an interact depth.
    func candidates(_ depth: Int) -> [Int] { score[depth > 0 ? layers : 0] ?? [] }
}

/// Rows in calls of ascending sizes: the largest as long as it is filled, then the smallest that holds the rest.
func pieces(_ rows: Int, _ sizes: [Int]) -> [(rows: Range<Int>, size: Int)] {
    let largest = sizes[sizes.count - 1]
    return stride(from: 0, to: rows, by: largest).map { begin in
        let count = min(largest, rows - begin)
        return (begin..<begin + count, sizes.first { $0 >= count } ?? largest)
    }
}
