import EdgeRanker

/// Whether each bundle of a file has the verdict that Python gave it.
///
/// A case is a byte, 1 if Python installs the bundle and 0 if it refuses it, its length in four bytes, the highest first,
/// and the bundle; tests/android_demo/bundle_cases.py writes them.
func haveVerdictsOfPython(_ path: String) throws -> Bool {
    let bytes = try Source.file(path).bytes()
    var at = 0
    var counts = (accepted: 0, refused: 0, different: 0)
    while at + 5 <= bytes.count {
        let expected = bytes[at] == 1
        let length = bytes[at + 1..<at + 5].reduce(0) { $0 << 8 | Int($1) }
        let begin = at + 5
        if length > bytes.count - begin { throw EdgeError("\(path) ends within a case") }
        let verdict = isAccepted(Array(bytes[begin..<begin + length]))
        if verdict != expected {
            print("case \(counts.accepted + counts.refused): Python \(expected ? "accepts" : "refuses") it, Swift does not agree")
            counts.different += 1
        }
        if verdict { counts.accepted += 1 } else { counts.refused += 1 }
        at = begin + length
    }
    print("\(counts.accepted) accepted, \(counts.refused) refused, \(counts.different) verdicts differ")
    return counts.different == 0
}
