/// A set of code points as inclusive ranges, ascending.
struct CodePoints: Sendable {
    private let firsts: [UInt32]
    private let lasts: [UInt32]

    init(_ ranges: [ClosedRange<UInt32>]) {
        firsts = ranges.map(\.lowerBound)
        lasts = ranges.map(\.upperBound)
    }

    func contains(_ point: UInt32) -> Bool {
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if lasts[middle] < point { low = middle + 1 } else { high = middle }
        }
        return low < firsts.count && firsts[low] <= point
    }
}
