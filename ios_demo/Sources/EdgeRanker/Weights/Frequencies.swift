let precision = 15
let total = 1 << precision
private let seen = 4

/// How often each symbol is expected in each context (FORMAT.md, "Frequencies"), learned block by block.
struct Frequencies {
    private let alphabet: Int
    private var counts: [Int]
    private var changed: [Bool]
    private(set) var shares: [Int32]
    private(set) var starts: [Int32]

    init(contexts: Int, alphabet: Int) {
        self.alphabet = alphabet
        counts = Array(repeating: 1, count: contexts * alphabet)
        changed = Array(repeating: true, count: contexts)
        shares = Array(repeating: 0, count: contexts * alphabet)
        starts = shares
    }

    /// Computes the shares again of the contexts that saw a symbol.
    mutating func renew() {
        for context in changed.indices where changed[context] {
            renew(context)
            changed[context] = false
        }
    }

    private mutating func renew(_ context: Int) {
        let range = context * alphabet..<(context + 1) * alphabet
        var sum = 0
        var commonest = range.lowerBound
        for index in range {
            sum += counts[index]
            if counts[index] > counts[commonest] { commonest = index }
        }
        var left = total
        for index in range {
            let share = max(total * counts[index] / sum, 1)
            shares[index] = Int32(share)
            left -= share
        }
        shares[commonest] += Int32(left)
        var start: Int32 = 0
        for index in range {
            starts[index] = start
            start += shares[index]
        }
    }

    mutating func learn(_ context: Int, _ symbol: Int) {
        counts[context * alphabet + symbol] += seen
        changed[context] = true
    }

    /// The place in `shares` and `starts` of the symbol with start <= slot < start + share.
    func place(_ context: Int, _ slot: Int32) -> Int {
        var low = context * alphabet
        var high = low + alphabet
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= slot { low = middle } else { high = middle }
        }
        return low
    }
}
