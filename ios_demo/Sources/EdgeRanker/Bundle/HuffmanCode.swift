/// A prefix code of DEFLATE (RFC 1951, section 3.2.2), by a table of the bits that come next.
struct HuffmanCode {
    /// The most bits of a code word.
    let most: Int
    private var table: [UInt16]  // symbol * 16 + length by the next `most` bits; 0 where no code word begins so

    /// Of the length of each symbol's code word; nil for lengths that give no code.
    ///
    /// Too few code words are accepted where zlib accepts them: none, or one of one bit where `mayBeSingle`.
    init?(_ lengths: ArraySlice<UInt8>, mayBeSingle: Bool) {
        let most = Int(lengths.max() ?? 0)
        var counts = [Int](repeating: 0, count: 16)
        for length in lengths where length > 0 { counts[Int(length)] += 1 }
        var left = 1
        for length in 1..<16 {
            left = 2 * left - counts[length]
            if left < 0 { return nil }
        }
        if left > 0 && most > 0 && !(mayBeSingle && most == 1) { return nil }
        self.most = most
        table = Array(repeating: 0, count: 1 << most)
        fill(lengths, counts)
    }

    private mutating func fill(_ lengths: ArraySlice<UInt8>, _ counts: [Int]) {
        var next = [Int](repeating: 0, count: 17)
        for length in 1..<16 { next[length + 1] = (next[length] + counts[length]) << 1 }
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let word = reversed(next[Int(length)], Int(length))
            next[Int(length)] += 1
            let entry = UInt16(symbol * 16) | UInt16(length)
            for index in stride(from: word, to: table.count, by: 1 << Int(length)) { table[index] = entry }
        }
    }

    /// The symbol whose code word the bits begin with, and its length; length 0 if there is none.
    func symbol(_ bits: UInt64) -> (symbol: Int, length: Int) {
        let entry = table[Int(bits & UInt64(table.count - 1))]
        return (Int(entry >> 4), Int(entry & 15))
    }
}

/// The lowest bits of a value in the opposite order: code words arrive with their highest bit first.
private func reversed(_ value: Int, _ count: Int) -> Int {
    var result = 0
    for bit in 0..<count where value >> bit & 1 == 1 { result |= 1 << (count - 1 - bit) }
    return result
}
